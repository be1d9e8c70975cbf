/** The bytes of lines: whatever stands in them, a line is JSON, in the order of its fields. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Event } from '../../src/observe/events.ts'
import { levelOf } from '../../src/observe/levels.ts'
import { LINES, type Line } from '../../src/observe/lines.ts'
import { createLog } from '../../src/observe/log.ts'
import { closed, connection, decided, finding } from './sample.ts'

const NOW = Date.UTC(2026, 10, 20, 12, 30, 15, 7)
const codeOf = () => 4403

function lineOf(event: Event, worker?: number): string {
  const lines: string[] = []
  const more = worker === undefined ? {} : { worker }
  createLog({ level: 'debug', write: (line) => lines.push(line), now: () => NOW, codeOf, ...more })(event)
  return lines.join('')
}

function fieldsOf(event: Event): Line {
  const toLine = LINES[event.type] as (event: Event, code: () => number) => Line
  return toLine(event, codeOf)
}

/** What a client, a backend or an operator may send: quotes, controls, lone surrogates, what ends a line. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '\n', '\r', '\0', '\u001b', '\u007f', '\u2028', '\ud800', '\udc00', '😀', 'a'),
  }),
)

const factsWith = (text: fc.Arbitrary<string>) =>
  fc.record(
    {
      type: fc.constantFrom('direct' as const, 'iframe' as const),
      id: hostile,
      user: hostile,
      origin: hostile,
      parentOrigin: hostile,
      token: fc.record({ source: text, hash: text, length: fc.nat(), preview: hostile }),
    },
    { requiredKeys: [] },
  )
const findings = fc
  .array(fc.tuple(fc.constantFrom('domain_not_allowed' as const, 'token_expired' as const), fc.boolean(), hostile), {
    maxLength: 3,
  })
  .map((all) => all.map(([reason, counted, detail]) => finding(reason, counted, detail)))

/** @param text what lines take as it is: whoever makes the event has bounded it */
const events = (text: fc.Arbitrary<string>): fc.Arbitrary<Event> =>
  fc.oneof(
    fc
      .record({
        facts: factsWith(text),
        findings,
        candidates: findings,
        url: text,
        tookMs: fc.double({ noNaN: true, min: 0, max: 1e7 }),
      })
      .map(({ facts: of, ...more }) => decided(of, more)),
    fc
      .record({ detail: hostile, code: fc.integer({ min: 1000, max: 4999 }), count: fc.nat() })
      .map(({ count, ...more }) => closed({ ...more, violations: new Map([['message_rate', count]]) })),
    fc.record({ facts: factsWith(text), detail: hostile }).map(
      ({ facts: of, detail }): Event => ({
        type: 'violated',
        connection: connection(of),
        route: 'widget',
        finding: finding('message_too_big', true, detail),
      }),
    ),
    hostile.map((message): Event => ({ type: 'warning', message })),
    hostile.map((detail): Event => ({ type: 'malformed', peer: '203.0.113.9', detail })),
    fc.array(hostile, { maxLength: 3 }).map((problems): Event => ({ type: 'reload_failed', problems })),
    hostile.map((action): Event => ({ type: 'administered', action, peer: '127.0.0.1', detail: action })),
  )

test('a line is one line of JSON, and says what it was given, in that order', () => {
  fc.assert(
    fc.property(events(hostile), fc.option(fc.nat(), { nil: undefined }), (event, worker) => {
      const text = lineOf(event, worker)
      assert.equal(text.indexOf('\n'), text.length - 1)
      const of = worker === undefined ? {} : { worker }
      const given = { level: levelOf(event), time: new Date(NOW).toISOString(), ...of, ...fieldsOf(event) }
      const read: object = JSON.parse(text)
      assert.deepEqual(read, withoutAbsent(given))
      assert.deepEqual(Object.keys(read), Object.keys(JSON.parse(JSON.stringify(given))))
    }),
  )
})

/** Plain data, without what has no value. */
function withoutAbsent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAbsent)
  if (typeof value !== 'object' || value === null) return value
  const present = Object.entries(value).filter(([, one]) => one !== undefined)
  return Object.fromEntries(present.map(([key, one]) => [key, withoutAbsent(one)]))
}

test('the time of a line, over the ends of seconds', () => {
  const times = [0, 999, 1000, 1001, NOW, NOW + 993, NOW - 1, Date.UTC(2026, 11, 31, 23, 59, 59, 999), 0.75]
  let now = 0
  const lines: string[] = []
  const log = createLog({ level: 'info', write: (line) => lines.push(line), now: () => now })
  for (const time of times) {
    now = time
    log({ type: 'stopped' })
  }
  const written = lines.map((line) => JSON.parse(line).time)
  assert.deepEqual(
    written,
    times.map((time) => new Date(time).toISOString()),
  )
})
