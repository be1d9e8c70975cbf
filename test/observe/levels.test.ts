import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../src/observe/events.ts'
import { LEVELS, levelOf } from '../../src/observe/levels.ts'
import { createLog } from '../../src/observe/log.ts'
import { connection, decided, finding, refused } from './sample.ts'

const TABLE: [name: string, event: Event, level: string][] = [
  ['an admitted handshake', decided(), 'info'],
  ['what only a candidate would refuse', decided({}, { candidates: [finding('connection_rate', false)] }), 'info'],
  ['a would-be refusal', decided({}, { findings: [finding('token_expired', false)] }), 'warn'],
  ['a refusal', refused('token_expired', 4401), 'warn'],
  ['a ticket', { type: 'ticket', connection: connection(), route: 'widget', findings: [] }, 'info'],
  [
    'a ticket with a would-be refusal',
    { type: 'ticket', connection: connection(), route: 'widget', findings: [finding('token_expired', false)] },
    'warn',
  ],
  ['a newer token', { type: 'refreshed', connection: connection(), route: 'widget' }, 'debug'],
  ['keys that came', { type: 'keys', url: 'https://id.example', outcome: 'fetched', detail: '' }, 'info'],
  ['keys that did not', { type: 'keys', url: 'https://id.example', outcome: 'failed', detail: '' }, 'warn'],
  ['a service that fails', { type: 'authorization', url: 'https://a.example', outcome: 'failed', detail: '' }, 'error'],
  ['one that answers', { type: 'authorization', url: 'https://a.example', outcome: 'answers', detail: '' }, 'info'],
]

for (const [name, event, level] of TABLE) test(`level: ${name}`, () => assert.equal(levelOf(event), level))

test('levels: each writes itself and those above, silent none; what is not written is not even worded', () => {
  for (const least of [...LEVELS, 'silent' as const]) {
    let worded = 0
    let written = 0
    const log = createLog({ level: least, write: () => written++, now: () => 0 })
    const connectionOf = () => {
      worded++
      return connection()
    }
    const common = { route: 'widget', findings: [] }
    for (const type of ['refreshed', 'ticket'] as const) {
      log(Object.defineProperty({ type, connection: connection(), ...common }, 'connection', { get: connectionOf }))
    }
    const expected = least === 'debug' ? 2 : Number(least === 'info')
    assert.deepEqual([written, worded], [expected, expected], least)
  }
})
