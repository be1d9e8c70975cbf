import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { duration, formatDuration, MAX_TIMER_MS, parseDuration } from '../../src/settings/duration.ts'
import { read } from '../support/read-setting.ts'

const CASES: [text: string, ms: number][] = [
  ['500ms', 500],
  ['10s', 10_000],
  ['5m', 300_000],
  ['5min', 300_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
  ['0s', 0],
  ['1.5s', 1500],
  [' 10s ', 10_000],
]

for (const [text, ms] of CASES) test(`duration ${text}`, () => assert.equal(parseDuration(text), ms))

const REFUSED: unknown[] = [
  '',
  '10',
  '10 s',
  's',
  '-1s',
  '1e3s',
  '10S',
  '1h30m',
  '.5s',
  '10sec',
  10,
  null,
  undefined,
  ['10s'],
  '1toString',
]

for (const value of REFUSED) {
  test(`no duration: ${JSON.stringify(value) ?? 'undefined'}`, () => {
    assert.equal(read(duration(), value), 'Error: expected a duration such as 500ms, 10s, 5m or 1h')
  })
}

test('whole milliseconds are read as they are', () => {
  fc.assert(fc.property(fc.nat(999_999_999), (ms) => assert.equal(parseDuration(`${ms}ms`), ms)))
})

const BOUNDED: [text: string, read: unknown][] = [
  ['1ms', 1],
  ['0ms', 'Error: expected a duration such as 500ms, 10s, 5m or 1h, at least 1ms'],
  ['0.4ms', 'Error: expected a duration such as 500ms, 10s, 5m or 1h, at least 1ms'],
  ['24.8d', 2_142_720_000],
  // A timer of that length would fire at once (trap 6).
  ['600h', 'Error: expected a duration such as 500ms, 10s, 5m or 1h, at most 24.8d'],
  ['999999999d', 'Error: expected a duration such as 500ms, 10s, 5m or 1h, at most 24.8d'],
]

for (const [text, expected] of BOUNDED) {
  test(`a duration for a timer: ${text}`, () => {
    assert.equal(read(duration({ least: 1, most: MAX_TIMER_MS }), text), expected)
  })
}

const FORMATTED: [ms: number, text: string][] = [
  [0, '0ms'],
  [1, '1ms'],
  [1500, '1500ms'],
  [1000, '1s'],
  [90_000, '90s'],
  [300_000, '5m'],
  [4_320_000, '72m'],
  [43_200_000, '12h'],
  [86_400_000, '1d'],
  [1234.5, '1235ms'],
]

for (const [ms, text] of FORMATTED) {
  test(`${ms} ms is ${text}`, () => {
    assert.equal(formatDuration(ms), text)
    assert.equal(parseDuration(text), Math.round(ms))
  })
}
