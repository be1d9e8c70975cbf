import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Counts } from '../../src/limits/counts.ts'

test('a key is forgotten when its last one is given back', () => {
  const counts = new Counts()
  counts.take('a')
  counts.take('a')
  counts.take('b')
  assert.deepEqual([counts.open('a'), counts.open('b'), counts.open('c'), counts.size], [2, 1, 0, 2])
  counts.give('a')
  counts.give('b')
  assert.deepEqual([counts.open('a'), counts.open('b'), counts.size], [1, 0, 1])
})

test('a key may be any text', () => {
  const counts = new Counts()
  for (const key of ['__proto__', 'constructor', '']) counts.take(key)
  assert.deepEqual([counts.open('__proto__'), counts.open('constructor'), counts.open(''), counts.size], [1, 1, 1, 3])
})

test('property: as many as were taken and not given', () => {
  const key = fc.constantFrom('a', 'b', '__proto__')
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.boolean())), (steps) => {
      const counts = new Counts()
      const open: string[] = []
      for (const [name, isTake] of steps) {
        if (isTake) {
          counts.take(name)
          open.push(name)
        } else if (open.includes(name)) {
          counts.give(name)
          open.splice(open.indexOf(name), 1)
        }
      }
      for (const name of ['a', 'b', '__proto__']) {
        assert.equal(counts.open(name), open.filter((one) => one === name).length)
      }
      assert.equal(counts.size, new Set(open).size)
    }),
  )
})
