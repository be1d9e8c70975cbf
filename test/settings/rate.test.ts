import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rates } from '../../src/settings/rate.ts'
import { read } from '../support/read-setting.ts'

const CASES: [value: unknown, expected: [count: number, windowMs: number][]][] = [
  ['10/s', [[10, 1000]]],
  ['100/min', [[100, 60_000]]],
  ['100/m', [[100, 60_000]]],
  ['5/h', [[5, 3_600_000]]],
  ['30/10s', [[30, 10_000]]],
  ['1MiB/s', [[1_048_576, 1000]]],
  [' 10 / s ', [[10, 1000]]],
  [
    '10/s, 100/min',
    [
      [10, 1000],
      [100, 60_000],
    ],
  ],
  [
    ['10/s', '100/min'],
    [
      [10, 1000],
      [100, 60_000],
    ],
  ],
  [[], []],
]

for (const [value, expected] of CASES) {
  test(`rate ${JSON.stringify(value)}`, () => {
    assert.deepEqual(
      read(rates(), value),
      expected.map(([count, windowMs]) => ({ count, windowMs })),
    )
  })
}

for (const value of ['10', '/s', '10/', '10/s/s', '10/x', '-1/s', '1.5/s', 'ten/s', '10/constructor', ['10'], [10]]) {
  test(`no rate: ${JSON.stringify(value)}`, () => {
    assert.equal(read(rates(), value), 'Error: expected a rate such as 10/s, 100/min or 30/10s')
  })
}

for (const value of ['0/s', '10/0s']) {
  test(`no rate: ${value}`, () => assert.match(String(read(rates(), value)), /both numbers must be positive/))
}
