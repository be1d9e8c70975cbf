import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Given, Layer } from '../../src/config/given.ts'
import { settle } from '../../src/config/layers.ts'

const given = (value: unknown): Given => ({ spelling: 'x', value, source: { kind: 'file' } })
const layer = (values: Record<string, unknown>): Layer =>
  new Map(Object.entries(values).map(([name, value]) => [name, given(value)]))
const NONE: Layer = new Map()

test('convict changes no value it layers', () => {
  const values = { a: 'no', b: '8x8', c: '', d: 0, e: false, f: null, g: ['x', { y: 1 }], h: { y: { z: 1 } }, i: '1e3' }
  const settled = settle({ file: layer(values), environment: NONE, flags: NONE }, new Set())
  for (const [name, value] of Object.entries(values)) assert.deepEqual(settled.get(name)?.value, value, name)
})

test('names with dots, and names of the prototype, are names', () => {
  const settled = settle(
    { file: layer({ 'drain.timeout': 1, 'a.constructor.prototype.b': 2 }), environment: NONE, flags: NONE },
    new Set(),
  )
  assert.deepEqual([...settled.keys()], ['drain.timeout', 'a.constructor.prototype.b'])
  assert.equal(Reflect.get({}, 'b'), undefined)
})

test('flags come before variables before the file', () => {
  const some = fc.dictionary(fc.constantFrom('listen', 'drain.timeout', 'drain.delay', 'mode'), fc.jsonValue())
  fc.assert(
    fc.property(some, some, some, (file, environment, flags) => {
      const settled = settle(
        { file: layer(file), environment: layer(environment), flags: layer(flags) },
        new Set(['mode']),
      )
      const expected = new Map(Object.entries({ ...file, ...environment, ...flags }))
      assert.deepEqual(new Map([...settled].map(([name, { value }]) => [name, value])), expected)
    }),
    { numRuns: 50 },
  )
})
