import assert from 'node:assert/strict'
import { test } from 'node:test'
import { count } from '../../src/settings/count.ts'
import { read } from '../support/read-setting.ts'

const CASES: [least: number, value: unknown, expected: unknown][] = [
  [0, 0, 0],
  [0, '0', 0],
  [0, '10000', 10_000],
  [0, ' 5 ', 5],
  [1, 1, 1],
  [1, 0, 'Error: expected a whole number from 1'],
  ...['8x8', '1e3', '0x10', '-1', '1.5', '', '٣', '1,000', '9'.repeat(16)].map((text): [number, unknown, unknown] => [
    0,
    text,
    'Error: expected a whole number from 0',
  ]),
  ...[1.5, -1, Number.NaN, 1e21, true, null, undefined, [1], {}].map((value): [number, unknown, unknown] => [
    0,
    value,
    'Error: expected a whole number from 0',
  ]),
]

for (const [least, value, expected] of CASES) {
  test(`a count from ${least} of ${JSON.stringify(value) ?? 'undefined'}`, () => {
    assert.deepEqual(read(count(least), value), expected)
  })
}

test('a count to 128', () => {
  assert.equal(read(count(1, 128), '128'), 128)
  for (const value of [0, 129, '1e2']) {
    assert.equal(read(count(1, 128), value), 'Error: expected a whole number from 1 to 128')
  }
})
