import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findFields } from '../../src/messages/fields.ts'

const NAMES = new Set(['password', 'key'])

const found = (text: string) => findFields(text, NAMES).map(([start, end]) => text.slice(start, end))

const CASES: [name: string, text: string, expected: string[]][] = [
  ['a text', '{"password":"x","a":1}', ['"x"']],
  ['a number, and blanks', '{ "key" :\n 12 }', ['12']],
  ['an object, as a whole', '{"key":{"a":["}"],"key":1},"b":2}', ['{"a":["}"],"key":1}']],
  ['a list', '[{"key":[1,[2]]}]', ['[1,[2]]']],
  ['in any case', '{"Password":"x"}', ['"x"']],
  ['escaped', '{"pass\\u0077ord":"x"}', ['"x"']],
  ['a value with quotes', '{"key":"a\\"b\\\\","c":1}', ['"a\\"b\\\\"']],
  ['a value that is a name', '{"a":"password","b":"key"}', []],
  ['a name in a text', '{"a":"\\"password\\":\\"x\\""}', []],
  ['a longer name', '{"passwords":"x"}', []],
  ['null and empty', '{"key":null,"password":"","a":{"key":{},"password":[]}}', []],
  ['booleans are values', '{"key":false}', ['false']],
  ['cut off', '{"key":"x', ['"x']],
  ['cut off in an object', '{"key":{"a":', ['{"a":']],
  ['no JSON', 'password: x', []],
  ['nothing', '', []],
]

for (const [name, text, expected] of CASES) test(name, () => assert.deepEqual(found(text), expected))

test('of any JSON the values are found that the field has, outermost first', () => {
  const values = (value: unknown): string[] => {
    if (typeof value !== 'object' || value === null) return []
    if (Array.isArray(value)) return value.flatMap(values)
    return Object.entries(value).flatMap(([name, inner]) => {
      const text = JSON.stringify(inner)
      if (!NAMES.has(name)) return values(inner)
      return ['null', '""', '{}', '[]'].includes(text) ? [] : [text]
    })
  }
  const key = fc.constantFrom('password', 'key', 'a', '"', '\\', 'b')
  const json = fc.object({
    key,
    maxDepth: 4,
    values: [fc.string({ unit: 'binary' }), fc.integer(), fc.constantFrom(null, '"', '\\', '')],
  })
  fc.assert(
    fc.property(json, (value) => assert.deepEqual(found(JSON.stringify(value)), values(value))),
    { numRuns: 1000 },
  )
})

test('any text comes to an end, in linear time', () => {
  for (const unit of ['"', '\\', '{"key":', '"key":{', '"\\', '"key":"', '\\"', ' ', '"a"', '"key": '])
    for (const end of ['', '"', '}']) {
      const begin = performance.now()
      findFields(unit.repeat((1 << 19) / unit.length) + end, NAMES)
      assert.ok(performance.now() - begin < 1000, unit)
    }
})
