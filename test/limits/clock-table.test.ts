import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ClockTable } from '../../src/limits/clock-table.ts'

/** A table that collects what it evicts. */
function table(max: number) {
  const evicted: [string, number][] = []
  return { evicted, keys: new ClockTable<number>(max, (key, value) => evicted.push([key, value])) }
}

const contents = (keys: ClockTable<number>) => new Set([...keys].map(([key]) => key))

test('what is added is found, with its value', () => {
  const { keys, evicted } = table(2)
  keys.add('a', 0)
  keys.add('b', 1)
  assert.deepEqual([keys.get('a'), keys.get('b'), keys.get('c'), keys.size], [0, 1, undefined, 2])
  assert.deepEqual(
    [...keys],
    [
      ['a', 0],
      ['b', 1],
    ],
  )
  assert.deepEqual(evicted, [])
})

test('the oldest without a mark is evicted, and the eviction told', () => {
  const { keys, evicted } = table(3)
  for (const [value, key] of ['a', 'b', 'c'].entries()) keys.add(key, value)
  keys.get('a')
  keys.add('d', 3)
  assert.deepEqual(evicted, [['b', 1]])
  assert.equal(keys.get('b'), undefined)
  assert.deepEqual(contents(keys), new Set(['a', 'c', 'd']))
})

test('a mark saves once', () => {
  const { keys, evicted } = table(2)
  keys.add('a', 0)
  keys.get('a')
  keys.get('a')
  for (const key of ['b', 'c', 'd']) keys.add(key, 1)
  assert.deepEqual(
    evicted.map(([key]) => key),
    ['b', 'a'],
  )
})

test('where all are marked each loses its mark, and the oldest its place', () => {
  const { keys, evicted } = table(3)
  for (const key of ['a', 'b', 'c']) keys.add(key, 0)
  for (const key of ['c', 'b', 'a']) keys.get(key)
  for (const key of ['d', 'e']) keys.add(key, 0)
  assert.deepEqual(
    evicted.map(([key]) => key),
    ['a', 'b'],
  )
})

test('going through it marks nothing', () => {
  const { keys, evicted } = table(2)
  keys.add('a', 0)
  keys.add('b', 1)
  contents(keys)
  keys.get('b')
  keys.add('c', 2)
  assert.deepEqual(evicted, [['a', 0]])
})

test('keys that are seen once push out none that is seen in every round', () => {
  const { keys } = table(10)
  const inUse = ['a', 'b', 'c', 'd']
  for (const key of inUse) keys.add(key, 0)
  for (let index = 0; index < 600; index++) {
    // Six places are left, so a round takes six keys.
    if (index % 6 === 0) for (const key of inUse) keys.get(key)
    keys.add(`once ${index}`, index)
  }
  for (const key of inUse) assert.equal(keys.get(key), 0)
})

test('a table of one', () => {
  const { keys, evicted } = table(1)
  keys.add('a', 0)
  keys.get('a')
  keys.add('b', 1)
  assert.deepEqual([evicted, [...keys]], [[['a', 0]], [['b', 1]]])
})

/** Second chance as a queue: what is at its head goes, or to the end if it was marked. */
class Queue {
  readonly evicted: [string, number][] = []
  readonly max: number
  entries: { key: string; value: number; isMarked: boolean }[] = []

  constructor(max: number) {
    this.max = max
  }

  get(key: string): number | undefined {
    const entry = this.entries.find((each) => each.key === key)
    if (entry) entry.isMarked = true
    return entry?.value
  }

  add(key: string, value: number): void {
    while (this.entries.length === this.max) {
      const [head, ...rest] = this.entries
      assert.ok(head)
      if (head.isMarked) rest.push({ ...head, isMarked: false })
      else this.evicted.push([head.key, head.value])
      this.entries = rest
    }
    this.entries.push({ key, value, isMarked: false })
  }
}

test('property: it does as the queue does, and never holds more than max', () => {
  const looks = fc.array(fc.nat({ max: 12 }), { maxLength: 300, size: 'max' })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), looks, (max, list) => {
      const { keys, evicted } = table(max)
      const naive = new Queue(max)
      for (const [value, look] of list.entries()) {
        const key = `key ${look}`
        const found = keys.get(key)
        assert.equal(found, naive.get(key))
        if (found === undefined) {
          keys.add(key, value)
          naive.add(key, value)
        }
        assert.ok(keys.size <= max)
        assert.equal(keys.size, naive.entries.length)
      }
      assert.deepEqual(evicted, naive.evicted)
      assert.deepEqual(contents(keys), new Set(naive.entries.map(({ key }) => key)))
    }),
    { numRuns: 300 },
  )
})
