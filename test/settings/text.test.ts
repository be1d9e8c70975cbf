import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text } from '../../src/settings/text.ts'
import { read } from '../support/read-setting.ts'

const CASES: [value: unknown, expected: unknown][] = [
  ['a', 'a'],
  [' a ', ' a '],
  [5, '5'],
  ['', 'Error: expected a text that is not empty'],
  [' \n', 'Error: expected a text that is not empty'],
  [true, 'Error: expected a text'],
  [null, 'Error: expected a text'],
  [undefined, 'Error: expected a text'],
  [['a'], 'Error: expected a text'],
]

for (const [value, expected] of CASES) {
  test(`text ${JSON.stringify(value) ?? 'undefined'}`, () => assert.equal(read(text(), value), expected))
}
