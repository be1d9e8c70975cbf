/** How limits of messages, bytes and handshakes are put together: order, modes, names, what a reload keeps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counts } from '../src/limits/counts.ts'
import { Limiters } from '../src/limits/limiters.ts'
import type { StepMode } from '../src/policy/check.ts'
import { FrameInspector } from '../src/policy/inspect.ts'
import { connection } from './support/connection.ts'
import { frame } from './support/frame.ts'
import { assembled, outcome } from './support/policy.ts'

const BLOCK = `
    handshakes: { perIp: 9/s }
    connections: { perIp: 9 }
    messages: { perConnection: 9/s, perIp: 9/s }
    bytes: { total: 9/s }
    candidate:
      handshakes: { perIp: 1/s }
      connections: { perIp: 1 }
      frameSize: 1
      messageSize: 1
      fragments: 1
      controlFrames: 1/s
      messages: { perConnection: 1/s, perIp: 1/s }
      bytes: { total: 1/s }`

const EVERYTHING = `
upstream: http://127.0.0.1:1
limits:${BLOCK.replaceAll('\n  ', '\n')}
routes:
  - name: chat
    path: /*
    address: { deny: [192.0.2.0/24] }
    limits:${BLOCK.replaceAll('\n', '\n  ')}
`

const named = (steps: readonly { readonly check: string; readonly mode: StepMode }[]) =>
  steps.map(({ check, mode }) => (mode === 'enforce' ? check : `${check} (${mode})`))

test('the order of judgement: candidates right before the limits they may replace, the process before the route', () => {
  const { policy } = assembled({ yaml: EVERYTHING })
  const entry = named(policy.entry).filter((name) => name !== 'path')
  assert.deepEqual(entry, ['drain', 'candidate.handshakes (candidate)', 'handshakes', 'route'])
  const route = policy.routes.get('chat')
  const checks = named(route?.steps ?? []).filter((name) => name !== 'shape')
  const connections = ['candidate.connections (candidate)', 'connections']
  assert.deepEqual(checks, [
    'address',
    'candidate.handshakes (candidate)',
    'handshakes',
    ...connections,
    ...connections,
  ])
  const tried = (name: string) => [`candidate.${name} (candidate)`, `candidate.${name} (candidate)`, name]
  const both = (name: string) => [`candidate.${name} (candidate)`, name, `candidate.${name} (candidate)`, name]
  assert.deepEqual(named(route?.frames ?? []), [
    ...tried('frameSize').slice(0, 2),
    ...tried('messageSize').slice(0, 2),
    ...tried('fragments'),
    ...tried('controlFrames'),
    ...both('messages'),
    ...both('bytes'),
  ])
})

test('each rate has a table of its own, and the names of tables that no policy asks for any more are dropped', () => {
  const limiters = new Limiters()
  assembled({ yaml: EVERYTHING }, new Counts(), limiters)
  const names = ['bytes.total', 'handshakes.perIp', 'messages.perIp']
  const all = names.flatMap((name) => [name, `${name}.candidate`, `chat.${name}`, `chat.${name}.candidate`])
  assert.deepEqual(new Set([...limiters].map(([name]) => name)), new Set(all))
  assembled({ yaml: 'upstream: http://a\nlimits: { bytes: { total: 9/s } }' }, new Counts(), limiters)
  assert.deepEqual(
    [...limiters].map(([name]) => name),
    ['bytes.total'],
  )
})

test('what no route matches is judged by the limits over all routes, which is a dry run', () => {
  const { frames } = assembled({
    yaml: 'upstream: http://a\nmode: dry-run\nlimits: { messages: { total: 1/h }, candidate: { frameSize: 9B } }\nroutes: [{ path: /ws }]',
  }).policy.unmatched
  assert.deepEqual(named(frames), ['candidate.frameSize (candidate)', 'messages (dry-run)'])
})

test('a mode silences a limit, and is none of a candidate’s', () => {
  const mode = (yaml: string) => named(assembled({ yaml }).policy.routes.get('chat')?.frames ?? [])
  const limits = (more: string) =>
    `upstream: http://a\nroutes: [{ name: chat, limits: { ${more}, candidate: { bytes: { total: 1/s } } } }]`
  const names = (more: string) => mode(limits(more)).filter((name) => /bytes/.test(name))
  assert.deepEqual(names('bytes: { total: 1/s }'), ['candidate.bytes (candidate)', 'bytes'])
  assert.deepEqual(names('bytes: { total: 1/s, mode: dry-run }'), ['candidate.bytes (candidate)', 'bytes (dry-run)'])
  assert.deepEqual(names('mode: dry-run, bytes: { total: 1/s }'), ['candidate.bytes (candidate)', 'bytes (dry-run)'])
})

const chat = (limits: string, top = '') => ({
  yaml: `upstream: http://a\n${top}\nroutes: [{ name: chat, limits: { ${limits} } }]`,
})

const framesOf = (limits: string, top = '') => assembled(chat(limits, top)).policy.routes.get('chat')?.frames ?? []

test('what is done about an excess changes with a reload, what was counted does not', () => {
  const ids = (limits: string, top = '') => framesOf(limits, top).map(({ id }) => id)
  const before = ids('messages: { perConnection: 1/s }')
  for (const same of [
    'onExceed: drop, closeAfterDrops: 3',
    'onExceed: delay, maxDelay: 1s',
    'notice: slow, mode: dry-run',
  ]) {
    assert.deepEqual(ids(`messages: { perConnection: 1/s, ${same} }`), before)
  }
  assert.notDeepEqual(ids('messages: { perConnection: 2/s }'), before)
  assert.notDeepEqual(ids('messages: { perConnection: 1/s }', 'maxTrackedKeys: 5'), before)
  const inspector = new FrameInspector(connection(), framesOf('messages: { perConnection: 1/h }'), () => {})
  assert.equal(inspector.judge(frame()), undefined)
  inspector.adopt(framesOf('messages: { perConnection: 1/h, onExceed: drop }'))
  assert.equal(inspector.judge(frame())?.action, 'drop')
  inspector.adopt(framesOf('messages: { perConnection: 1/h, onExceed: delay, maxDelay: 2h }'))
  assert.equal(inspector.judge(frame())?.retryAt, 3_600_000)
})

test('a handshake rate counts for the process and for the route, and a dry run does not count whom it would refuse', async () => {
  const twice = async (yaml: string) => {
    const { admit } = assembled({ yaml })
    return [outcome(await admit(connection())), outcome(await admit(connection()))]
  }
  const enforced = ['admitted', 'rejected: connection_rate']
  assert.deepEqual(await twice(chat('handshakes: { perIp: 1/h }').yaml), enforced)
  assert.deepEqual(await twice('upstream: http://a\nlimits: { handshakes: { perIp: 1/h } }'), enforced)
  const dry = ['admitted', 'would reject: connection_rate']
  assert.deepEqual(await twice(chat('handshakes: { perIp: 1/h, mode: dry-run }').yaml), dry)
  assert.deepEqual(await twice(chat('handshakes: { perIp: 1/h }', 'mode: dry-run').yaml), dry)
  // A route in dry run does not silence what is judged before the route is known.
  assert.deepEqual(
    await twice('upstream: http://a\nlimits: { handshakes: { perIp: 1/h } }\nroutes: [{ name: chat, mode: dry-run }]'),
    enforced,
  )
})

test('a would-be refusal is not counted by a rate in dry run after it: the report equals enforcement', async () => {
  const policy = (mode: string) =>
    `upstream: http://a\n${mode}\nroutes: [{ name: chat, address: { deny: [192.0.2.0/24] }, limits: { handshakes: { perIp: 1/h } } }]`
  const denied = connection({ peer: '192.0.2.1' })
  const dry = assembled({ yaml: policy('mode: dry-run') })
  for (let count = 0; count < 3; count++) {
    assert.equal(outcome(await dry.admit(denied)), 'would reject: address_not_allowed')
  }
  const enforced = assembled({ yaml: policy('') })
  assert.equal(outcome(await enforced.admit(denied)), 'rejected: address_not_allowed')
  assert.equal(outcome(await enforced.admit(denied)), 'rejected: address_not_allowed')
})

test('candidate connections are counted apart, as long as they are open', async () => {
  const { admit } = assembled(chat('connections: { perIp: 3 }, candidate: { connections: { perIp: 1 } }'))
  const reasons = async () => (await admit(connection())).candidates.map(({ check, reason }) => `${check} ${reason}`)
  const first = await admit(connection())
  assert.deepEqual(first.candidates, [])
  assert.deepEqual(await reasons(), ['candidate.connections too_many_connections'])
  assert.ok(first.granted)
  first.permit.release()
  assert.deepEqual(await reasons(), [])
  assert.equal(outcome(await admit(connection())), 'admitted')
  assert.equal(outcome(await admit(connection())), 'rejected: too_many_connections')
})
