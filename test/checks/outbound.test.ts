import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import { outbound } from '../../src/checks/outbound.ts'
import { assembly, conclusion } from '../support/check.ts'
import { connection } from '../support/connection.ts'
import { problemsOf } from '../support/load.ts'

function judge(written: z.input<typeof outbound.settings>, text: string | Buffer) {
  const reader = outbound.onOutbound?.(outbound.settings.parse(written), assembly())
  assert.ok(reader)
  const verdict = reader.begin(connection())({ kind: 'text', payload: Buffer.from(text), isAscii: false, at: 0 })
  const instead = verdict.ok ? undefined : verdict.instead
  return [conclusion(verdict), instead && Buffer.from(instead)] as const
}

test('what is not denied passes', () => assert.deepEqual(judge({ deny: ['sk-\\w+'] }, 'fine'), ['pass', undefined]))

test('what is denied', () => {
  assert.deepEqual(judge({ deny: ['sk-\\w+'] }, 'a sk-1'), ['outbound_denied', undefined])
  assert.deepEqual(judge({ fields: 'password, key' }, '{"key":1}'), ['outbound_denied', undefined])
})

test('what is redacted, in text and in other bytes', () => {
  assert.deepEqual(judge({ deny: ['sk-\\w+'], action: 'redact' }, 'ü sk-1'), [
    'outbound_denied',
    Buffer.from('ü [redacted]'),
  ])
  const bytes = (text: string) => Buffer.concat([Buffer.from([0xff, 0]), Buffer.from(text)])
  assert.deepEqual(judge({ deny: ['sk-\\w+'], action: 'redact' }, bytes('sk-1 ')), [
    'outbound_denied',
    bytes('[redacted] '),
  ])
})

const PROBLEMS: [section: string, expected: RegExp][] = [
  ['{}', /outbound: denies nothing: set deny or fields/],
  ['{ deny: [], fields: [a] }', /outbound\.deny: expected at least one entry/],
  ['{ deny: ["a*"] }', /outbound\.deny\[0\]: matches the empty text/],
  ['{ deny: ["(?=a)"] }', /outbound\.deny\[0\]: expected a regular expression that RE2 knows/],
  ['{ deny: [a], action: mask }', /outbound\.action: expected drop, redact or close/],
  ['{ deny: [a], messageSize: 1XB }', /outbound\.messageSize: expected a size/],
]

for (const [written, expected] of PROBLEMS) {
  test(`a problem of ${written}`, () => {
    assert.match(
      problemsOf({ yaml: `upstream: http://127.0.0.1:1\nroutes: [{ outbound: ${written} }]\n` }).join('\n'),
      expected,
    )
  })
}
