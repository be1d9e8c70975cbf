import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filledList, list } from '../../src/settings/list.ts'
import { text } from '../../src/settings/text.ts'
import { read } from '../support/read-setting.ts'

const CASES: [value: unknown, expected: unknown][] = [
  ['a', ['a']],
  ['a, b,,c ,', ['a', 'b', 'c']],
  ['', []],
  [
    ['a', 'b'],
    ['a', 'b'],
  ],
  [['a,b'], ['a,b']],
  [[1], ['1']],
  [[], []],
  [undefined, 'Error: expected a list, or one comma-separated text'],
  [null, 'Error: expected a list, or one comma-separated text'],
  [{ a: 1 }, 'Error: expected a list, or one comma-separated text'],
  [5, 'Error: expected a list, or one comma-separated text'],
  [['a', ''], 'Error: expected a text that is not empty'],
]

for (const [value, expected] of CASES) {
  test(`list ${JSON.stringify(value) ?? 'undefined'}`, () => assert.deepEqual(read(list(text()), value), expected))
}

test('a list that must hold something', () => {
  assert.deepEqual(read(filledList(text()), 'a, b'), ['a', 'b'])
  for (const empty of ['', ' , ', []]) {
    assert.equal(read(filledList(text()), empty), 'Error: expected at least one entry')
  }
})
