import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countKeys } from '../../src/messages/duplicates.ts'
import { type Json, readJson } from '../../src/messages/json.ts'

const BOUNDS = { depth: 128, keys: Infinity, stringLength: Infinity }

const read = (text: string | Uint8Array): Json => readJson(Buffer.from(text), false, BOUNDS)

const CASES: [name: string, text: string | Uint8Array, expected: Json][] = [
  ['an object', '{"a":[1,"b",null]}', { value: { a: [1, 'b', null] } }],
  ['a scalar', ' "abc" ', { value: 'abc' }],
  ['null', 'null', { value: null }],
  ['nothing', '', 'it is not JSON'],
  ['more behind it', '{} {}', 'it is not JSON'],
  ['a byte order mark', '\ufeff{}', 'it is not JSON'],
  ['NaN', '{"a":NaN}', 'it is not JSON'],
  ['Infinity', '-Infinity', 'it is not JSON'],
  ['a comment', '{}//', 'it is not JSON'],
  ['a comma too much', '[1,]', 'it is not JSON'],
  ['a leading zero', '01', 'it is not JSON'],
  [
    'an event of socket.io',
    '42["say",{}]',
    'it is not JSON, but a packet of socket.io: limits can judge it, schemas cannot',
  ],
  [
    'one with all that it may have',
    '451-/admin,12["say"]',
    'it is not JSON, but a packet of socket.io: limits can judge it, schemas cannot',
  ],
  ['a NUL', '{"a":"\0"}', 'it is not JSON'],
  ['a byte that is no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'text that is not UTF-8'],
  ['an overlong quote', Buffer.from([0x22, 0xc0, 0xa2, 0x22]), 'text that is not UTF-8'],
  ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'text that is not UTF-8'],
  ['a key twice', '{"type":"admin","type":"ping"}', 'a key stands twice in an object'],
  ['a key twice, spelled in two ways', '{"type":1,"\\u0074ype":1}', 'a key stands twice in an object'],
  ['a key twice, far inside', '{"a":[[{"b":{"c":1,"d":2,"c":3}}]]}', 'a key stands twice in an object'],
  ['a key twice in what a second key hides', '{"a":{"b":1,"b":2},"a":0}', 'a key stands twice in an object'],
  ['a key in two objects', '[{"a":1},{"a":{"a":1}}]', { value: [{ a: 1 }, { a: { a: 1 } }] }],
  ['numbers as keys twice', '{"1":0,"1":0}', 'a key stands twice in an object'],
  ['numbers as keys', '{"1":0,"01":0,"1.0":0}', { value: { '1': 0, '01': 0, '1.0': 0 } }],
  ['__proto__ twice', '{"__proto__":{},"__proto__":{}}', 'a key stands twice in an object'],
  ['an empty key twice', '{"":1,"":1}', 'a key stands twice in an object'],
]

for (const [name, text, expected] of CASES) test(name, () => assert.deepEqual(read(text), expected))

test('__proto__ is a key like others', () => {
  const json = read('{"__proto__":{"isAdmin":true}}')
  assert.ok(typeof json === 'object')
  assert.ok(Object.hasOwn(json.value as object, '__proto__'))
  assert.equal(Reflect.get(json.value as object, 'isAdmin'), undefined)
})

test('nesting beyond any stack is no fault of ours', () => {
  const depth = 300_000
  const bounds = { ...BOUNDS, depth: Infinity }
  assert.equal(typeof readJson(Buffer.from('['.repeat(depth) + ']'.repeat(depth)), true, bounds), 'object')
  assert.equal(read('['.repeat(depth)), 'more than 128 objects and lists in each other')
})

test('ASCII reads the same, known or not', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'grapheme-ascii' }), (text) => {
      const payload = Buffer.from(text)
      assert.deepEqual(readJson(payload, true, BOUNDS), readJson(payload, false, BOUNDS))
    }),
  )
})

test('a text has a key twice exactly where an object of it lists one twice', () => {
  // A tree whose objects are lists of entries, so that a key may stand twice.
  type Tree = { entries: [string, Tree][] } | { items: Tree[] } | { scalar: number }
  const { tree } = fc.letrec<{ tree: Tree; leaf: Tree }>((tie) => ({
    leaf: fc.record({ scalar: fc.integer() }),
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      tie('leaf'),
      fc.record({
        entries: fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', '__proto__', '', '1'), tie('tree')), {
          maxLength: 4,
        }),
      }),
      fc.record({ items: fc.array(tie('tree'), { maxLength: 3 }) }),
    ),
  }))
  const write = (node: Tree): string => {
    if ('scalar' in node) return String(node.scalar)
    if ('items' in node) return `[${node.items.map(write).join(',')}]`
    return `{${node.entries.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(',')}}`
  }
  const repeats = (node: Tree): boolean => {
    if ('scalar' in node) return false
    if ('items' in node) return node.items.some(repeats)
    const keys = node.entries.map(([key]) => key)
    return new Set(keys).size < keys.length || node.entries.some(([, value]) => repeats(value))
  }
  fc.assert(
    fc.property(tree, (node) => {
      const isRefused = read(write(node)) === 'a key stands twice in an object'
      assert.equal(isRefused, repeats(node))
    }),
    { numRuns: 2000 },
  )
})

test('keys are counted whatever the value is', () => {
  assert.deepEqual([1, 'abc', null, [], {}, [{ a: 1 }, { b: { c: [] } }]].map(countKeys), [0, 0, 0, 0, 0, 3])
})
