import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJsonPath, spellingsAt, valueAt } from '../../src/tokens/json-path.ts'

const PATHS: [text: string, expected: string[] | RegExp][] = [
  ['token', ['token']],
  ['payload.authorization', ['payload', 'authorization']],
  ['0.a b', ['0', 'a b']],
  ['a\\.b.c', ['a.b', 'c']],
  ['a\\\\.b', ['a\\', 'b']],
  ['__proto__.x', ['__proto__', 'x']],
  ['', /expected the names of fields/],
  ['.', /expected the names/],
  ['a..b', /expected the names/],
  ['.a', /expected the names/],
  ['a.', /expected the names/],
  ['a\\', /expected the names/],
  ['\\x', /expected the names/],
  [Array(17).fill('a').join('.'), /at most 16 names/],
]

for (const [text, expected] of PATHS) {
  test(`the path ${JSON.stringify(text)}`, () => {
    if (expected instanceof RegExp) assert.throws(() => parseJsonPath(text), expected)
    else assert.deepEqual(parseJsonPath(text), expected)
  })
}

test('what is written is what is read', () => {
  const name = fc.string({ unit: fc.constantFrom('a', '.', '\\', '0', ' '), minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 16 }), (names) => {
      const written = names.map((one) => one.replace(/[\\.]/g, '\\$&')).join('.')
      assert.deepEqual(parseJsonPath(written), names)
    }),
  )
})

const VALUES: [json: string, path: string, value: unknown, spellings: number][] = [
  ['{"a":{"b":1}}', 'a.b', 1, 1],
  ['{"a":[{"b":1},{"b":2}]}', 'a.1.b', 2, 1],
  ['{"a":{"1":"x"}}', 'a.1', 'x', 1],
  ['["x"]', '01', undefined, 0],
  ['["x"]', 'length', undefined, 0],
  ['["x"]', '-1', undefined, 0],
  ['{}', 'constructor', undefined, 0],
  ['{"a":"text"}', 'a.length', undefined, 0],
  ['{"a":null}', 'a.b', undefined, 0],
  ['7', 'a', undefined, 0],
  ['{"__proto__":{"a":1}}', '__proto__.a', 1, 1],
  ['{"a":1,"A":2}', 'a', 1, 2],
  ['{"A":1,"a":{"b":1}}', 'a.b', 1, 2],
  ['{"a":{"b":1,"B":1}}', 'a.b', 1, 2],
  ['{"A":2}', 'a', undefined, 0],
  // A long s and the sign of Kelvin are letters in another case, too.
  ['{"as":1,"a\u017f":2}', 'as', 1, 2],
  ['{"token":1,"to\u212aen":2}', 'token', 1, 2],
]

for (const [json, path, value, spellings] of VALUES) {
  test(`${path} in ${json}`, () => {
    const names = parseJsonPath(path)
    assert.deepEqual(valueAt(JSON.parse(json), names), value)
    assert.equal(spellingsAt(JSON.parse(json), names), spellings)
  })
}
