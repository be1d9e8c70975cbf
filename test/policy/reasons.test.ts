import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REASON_KEYS, REASONS } from '../../src/policy/reasons.ts'

/** RFC 6455 section 7.4, and the codes that IANA registered since: what an endpoint may send. */
const isSendable = (code: number) =>
  [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].includes(code) ||
  (code >= 3000 && code <= 4999)

for (const key of REASON_KEYS) {
  const { code, text, http, advice } = REASONS[key]
  test(`${key} can be sent as a close frame and as a status`, () => {
    assert.ok(isSendable(code), `${code}`)
    assert.ok(Buffer.byteLength(text) > 0 && Buffer.byteLength(text) <= 123)
    assert.match(text, /^[\x20-\x7e]+$/)
    assert.ok(http >= 400 && http <= 599)
  })

  test(`${key}: the text tells nothing, the advice something`, () => {
    assert.doesNotMatch(text, /\d|limit of|per /)
    assert.ok(advice.length > 10 && advice !== text)
    assert.match(key, /^[a-z]+(_[a-z]+)*$/)
  })
}
