import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Bounds, scan } from '../../src/messages/bounds.ts'

const ANY: Bounds = { depth: Infinity, keys: Infinity, stringLength: Infinity }
const scanText = (text: string, bounds: Partial<Bounds> = {}) => scan(Buffer.from(text), { ...ANY, ...bounds })

/** What a value has of everything that is bounded, by the simplest recursion. */
function measured(value: unknown): { depth: number; keys: number; stringLength: number } {
  if (typeof value === 'string') return { depth: 0, keys: 0, stringLength: [...value].length }
  if (typeof value !== 'object' || value === null) return { depth: 0, keys: 0, stringLength: 0 }
  const own = Array.isArray(value) ? [] : Object.keys(value)
  const inner = [...own.map(measured), ...Object.values(value).map(measured)]
  return {
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
    keys: own.length + inner.reduce((sum, { keys }) => sum + keys, 0),
    stringLength: Math.max(0, ...inner.map(({ stringLength }) => stringLength)),
  }
}

/** A JSON text in which any character may be escaped, with blanks. */
const json = fc
  .tuple(fc.json({ maxDepth: 5, stringUnit: 'binary' }), fc.boolean(), fc.nat(3))
  .map(([text, isEscaped, indent]) => {
    const spaced = JSON.stringify(JSON.parse(text), undefined, indent)
    const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
    return isEscaped ? spaced.replace(/[^\p{ASCII}]/gsu, (pair) => pair.split('').map(escaped).join('')) : spaced
  })

test('a text passes exactly the bounds that it keeps', () => {
  fc.assert(
    fc.property(json, (text) => {
      const { depth, keys, stringLength } = measured(JSON.parse(text))
      assert.deepEqual(scanText(text, { depth, keys, stringLength }), { keys })
      if (depth > 0) assert.equal(typeof scanText(text, { depth: depth - 1 }), 'string')
      if (keys > 0) assert.equal(typeof scanText(text, { keys: keys - 1 }), 'string')
      if (stringLength > 0) assert.equal(typeof scanText(text, { stringLength: stringLength - 1 }), 'string')
    }),
    { numRuns: 1000 },
  )
})

test('any bytes come to an end, in time linear in them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void scan(bytes, ANY)),
    { numRuns: 2000 },
  )
  for (const unit of ['[', '{', '"', '\\', '"\\', '\\u', '-', '1', 'e', '1e', ':', '"\\ud83d', '{"a":']) {
    const begin = performance.now()
    scanText(unit.repeat((1 << 20) / unit.length))
    assert.ok(performance.now() - begin < 500, unit)
  }
})

const CASES: [name: string, text: string, bounds: Partial<Bounds>, expected: ReturnType<typeof scan>][] = [
  ['brackets in strings', '["[[[[", "}{"]', { depth: 1 }, { keys: 0 }],
  ['colons in strings', '{"a:b":":::"}', { keys: 1 }, { keys: 1 }],
  ['lists beside each other', '[[],[],[]]', { depth: 2 }, { keys: 0 }],
  ['too deep', '[[[]]]', { depth: 2 }, 'more than 2 objects and lists in each other'],
  ['too many keys', '{"a":{"b":1},"c":2}', { keys: 2 }, 'more than 2 keys'],
  ['a long key', '{"abcd":1}', { stringLength: 3 }, 'a string of more than 3 characters'],
  ['characters, not bytes', '"üüü"', { stringLength: 3 }, { keys: 0 }],
  ['characters, not escapes', '"\\u00fc\\n\\""', { stringLength: 3 }, { keys: 0 }],
  ['a surrogate pair is one character', '"\\ud83d\\ude00😀"', { stringLength: 2 }, { keys: 0 }],
  ['half a surrogate pair', '"\\ud83d"', {}, 'a string with half a surrogate pair'],
  ['the other half', '"a\\ude00"', {}, 'a string with half a surrogate pair'],
  ['two first halves', '"\\ud83d\\ud83d\\ude00"', {}, 'a string with half a surrogate pair'],
  ['half a pair in a key', '{"\\uDFFF":1}', {}, 'a string with half a surrogate pair'],
  ['a backslash before u', '"\\\\ud83d"', {}, { keys: 0 }],
  ['the largest number', '[1.7976931348623157e308,-1E308,0.1e-999]', {}, { keys: 0 }],
  ['a number beyond', '{"a":1e309}', {}, 'a number that no double holds'],
  ['a number beyond, below zero', '-1E400', {}, 'a number that no double holds'],
  ['a number of 400 digits', '9'.repeat(400), {}, 'a number that no double holds'],
  ['a number of 400 digits behind the point', `0.${'9'.repeat(400)}`, {}, { keys: 0 }],
  ['an e that is no exponent', '[true,false,null]', {}, { keys: 0 }],
]

for (const [name, text, bounds, expected] of CASES) {
  test(name, () => assert.deepEqual(scanText(text, bounds), expected))
}
