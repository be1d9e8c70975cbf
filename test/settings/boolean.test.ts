import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bool } from '../../src/settings/boolean.ts'
import { read } from '../support/read-setting.ts'

const EXPECTED = 'Error: expected true, false, 1, 0, yes, no, on or off'

const CASES: [unknown, unknown][] = [
  ...['true', 'TRUE', ' true ', 'yes', 'Yes', 'on', '1'].map((word): [unknown, unknown] => [word, true]),
  ...['false', 'False', 'no', 'NO', 'off', '0', ' 0'].map((word): [unknown, unknown] => [word, false]),
  [true, true],
  [false, false],
  [1, true],
  [0, false],
  ...['', ' ', 'y', 'n', '2', '-1', 'enabled', 'null', '00', 'constructor', '__proto__', 'truefalse'].map(
    (word): [unknown, unknown] => [word, EXPECTED],
  ),
  ...[2, Number.NaN, null, undefined, [], {}, [true]].map((word): [unknown, unknown] => [word, EXPECTED]),
]

for (const [value, expected] of CASES) {
  test(`a switch of ${JSON.stringify(value) ?? 'undefined'}`, () => assert.deepEqual(read(bool(), value), expected))
}
