import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import type { Rate } from '../../src/limits/log.ts'
import { Tracked } from '../../src/limits/tracked.ts'
import { mostInAnyWindow, type Taken } from './naive.ts'

const rate = (count: number, windowMs: number): Rate => ({ count, windowMs })
const table = (rates: readonly Rate[], max: number) => new Tracked({ rates, max, hashKey: [1, 2] })

/** Evicts every key that there is, known or not: each may be saved once. */
function evictAll(limiter: Tracked, max: number, now: number): void {
  for (let index = 0; index < 2 * max; index++) limiter.take(`flood ${now} ${index}`, now)
}

/** Takes as much as fits, and says how much that was. */
function fill(limiter: Tracked, key: string, now: number, amount = 1): number {
  let taken = 0
  while (limiter.take(key, now, amount)) taken += amount
  return taken
}

test('each key has its own windows', () => {
  const limiter = table([rate(2, 1000)], 10)
  assert.deepEqual(
    ['a', 'b', 'a', 'a', 'b', 'b'].map((key) => limiter.take(key, 0)),
    [true, true, true, false, true, false],
  )
  assert.equal(limiter.size, 2)
})

test('asking does not make a key remembered', () => {
  const limiter = table([rate(1, 1000)], 10)
  assert.deepEqual([limiter.hasRoom('a', 0), limiter.roomAt('a', 5), limiter.size], [true, 5, 0])
  limiter.record('a', 5)
  assert.deepEqual([limiter.hasRoom('a', 5), limiter.roomAt('a', 5), limiter.size], [false, 1005, 1])
})

test('what exceeds a rate never fits, for known and unknown keys', () => {
  const limiter = table([rate(1000, 1000)], 10)
  assert.deepEqual([limiter.take('a', 0, 1001), limiter.hasRoom('a', 0, 1001)], [false, false])
  assert.equal(limiter.roomAt('a', 0, 1001), Number.POSITIVE_INFINITY)
  limiter.take('a', 0, 10)
  assert.deepEqual([limiter.take('a', 0, 1001), limiter.roomAt('a', 0, 1001)], [false, Number.POSITIVE_INFINITY])
})

test('undo takes a record back, and nothing of a key that is unknown', () => {
  const limiter = table([rate(1, 1000)], 10)
  limiter.undo('a')
  limiter.take('a', 0)
  limiter.undo('a')
  assert.deepEqual([limiter.take('a', 1), limiter.take('a', 2)], [true, false])
})

test('never more keys than max, and each eviction is counted', () => {
  const limiter = table([rate(1, 1000)], 3)
  for (let index = 0; index < 10; index++) limiter.take(`key ${index}`, 0)
  assert.deepEqual([limiter.size, limiter.evictions], [3, 7])
})

test('limited keys and top talkers', () => {
  const limiter = table([rate(4, 1000), rate(8, 60_000)], 10)
  for (const key of ['one', 'two', 'two', 'four', 'four', 'four', 'four']) limiter.take(key, 0)
  assert.equal(limiter.limited(0).length, 1)
  assert.deepEqual(limiter.top(2, 0), [
    { key: 'four', share: 1, events: 4 },
    { key: 'two', share: 0.5, events: 2 },
  ])
  assert.deepEqual([limiter.limited(1000).length, limiter.top(1, 1000)[0]?.share], [0, 0.5])
  assert.deepEqual(limiter.top(10, 60_000), [])
})

test('a full key that is evicted stays refused until its last event has left, and no longer', () => {
  for (const [rates, amount] of [
    [[rate(2, 1000)], 1],
    [[rate(5, 1000), rate(100, 60_000)], 1],
    [[rate(1000, 1000)], 1],
    [[rate(1_000_000, 1000)], 70_000],
  ] as const) {
    const limiter = table(rates, 4)
    limiter.take('full', 0, amount)
    fill(limiter, 'full', 300, amount)
    evictAll(limiter, 4, 400)
    assert.ok(!limiter.limited(400).includes('full'))
    const asked = [
      limiter.hasRoom('full', 400, amount),
      limiter.take('full', 1299, amount),
      limiter.roomAt('full', 1299, amount),
    ]
    assert.deepEqual(asked, [false, false, 1300])
    assert.equal(limiter.take('full', 1300, amount), true)
  }
})

test('of several windows those that were full are remembered', () => {
  const limiter = table([rate(5, 1000), rate(10, 60_000)], 2)
  for (const now of [0, 1000]) fill(limiter, 'minute', now)
  evictAll(limiter, 2, 1500)
  assert.deepEqual(limiter.limited(1500), [])
  assert.equal(limiter.roomAt('minute', 1500), 61_000)
})

test('a key that was not full begins anew', () => {
  const limiter = table([rate(3, 1000)], 1)
  limiter.take('partly', 0)
  limiter.take('partly', 0)
  limiter.take('other', 0)
  assert.equal(fill(limiter, 'partly', 0), 3)
})

test('a key that was full once, but is not when it is evicted, begins anew', () => {
  const limiter = table([rate(2, 1000)], 1)
  for (const now of [0, 0, 5000]) limiter.take('once', now)
  limiter.take('other', 5500)
  assert.equal(fill(limiter, 'once', 5500), 2)
})

test('refusals of an evicted key push nobody out', () => {
  const limiter = table([rate(1, 1000)], 2)
  for (const key of ['full', 'a', 'b']) limiter.take(key, 0)
  for (let index = 0; index < 100; index++) assert.equal(limiter.take('full', 1), false)
  assert.deepEqual([limiter.size, limiter.evictions], [2, 1])
})

/** What others do between two attempts of the key that is watched: how many keys, events of each, and the time it takes. */
const flood = fc.record({
  keys: fc.integer({ min: 0, max: 60 }),
  events: fc.constantFrom(1, 1, 2, 3, 1000),
  takesMs: fc.constantFrom(0, 1, 40, 250),
})

test('property: a key that fills its windows never gets more, through floods of any shape', () => {
  const rates = fc.array(
    fc.record({ count: fc.integer({ min: 1, max: 9 }), windowMs: fc.integer({ min: 1, max: 400 }) }),
    {
      minLength: 1,
      maxLength: 1,
    },
  )
  const floods = fc.array(flood, { maxLength: 40, size: 'max' })
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 30 }), floods, fc.nat(), (given, max, list, seed) => {
      const limiter = new Tracked({ rates: given, max, hashKey: [seed, 1] })
      const taken: Taken[] = []
      let now = 0
      let fresh = 0
      for (const { keys, events, takesMs } of list) {
        const amount = fill(limiter, 'watched', now)
        if (amount > 0) taken.push({ at: now, amount })
        for (let key = 0; key < keys; key++) {
          const name = `flood ${fresh++}`
          for (let event = 0; event < events && limiter.take(name, now); event++);
        }
        assert.ok(limiter.size <= max)
        now += takesMs
      }
      for (const { count, windowMs } of given) assert.ok(mostInAnyWindow(taken, windowMs) <= count)
    }),
    { numRuns: 200 },
  )
})

test('newcomers during a flood of full keys are refused in the share that is stated, and for a window at most', () => {
  const max = 1000
  const cells = 2048
  const limiter = table([rate(1, 60_000)], max)
  const full = 1024
  for (let index = 0; index < full + max; index++) limiter.take(`full ${index}`, 0)
  const newcomers = Array.from({ length: 20_000 }, (_, index) => `newcomer ${index}`)
  const refused = newcomers.filter((key) => !limiter.hasRoom(key, 1))
  const stated = (1 - Math.exp(-full / cells)) ** 4
  assert.ok(refused.length / newcomers.length <= stated * 1.25, `${refused.length} of ${newcomers.length}`)
  assert.ok(refused.length > 0)
  for (const key of refused) assert.equal(limiter.hasRoom(key, 60_000), true)
})

test('addresses with a few events each, however many, refuse no newcomer', () => {
  const limiter = table([rate(10, 60_000)], 200)
  let now = 0
  for (let index = 0; index < 100_000; index++) {
    now += 0.5
    limiter.take(`flood ${index}`, now)
    limiter.take(`flood ${index}`, now)
    if (index % 10 === 0) assert.equal(limiter.hasRoom(`newcomer ${index}`, now), true)
  }
})

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
const heap = () => {
  collect()
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
}

test('a million keys leave memory flat, and the limited one limited', () => {
  const limiter = table([rate(10, 1000), rate(100, 60_000)], 1000)
  for (let now = 0; now < 10_000; now += 1000) fill(limiter, 'limited', now)
  const before = heap()
  let now = 10_000
  for (let index = 0; index < 1_000_000; index++) {
    now += 0.04
    limiter.take(`2001:db8:${(index >> 16).toString(16)}:${(index & 65_535).toString(16)}::/64`, now)
    if (index > 2000 && index % 1000 === 0) assert.equal(limiter.take('limited', now), false)
  }
  assert.ok(now < 69_000)
  // It was evicted: what refuses it is not the table.
  assert.ok(!limiter.top(1000, now).some(({ key }) => key === 'limited'))
  assert.deepEqual([limiter.size, limiter.evictions], [1000, 999_001])
  assert.ok(heap() - before < 8 * 2 ** 20)
})

test('a key that is a slice of a request does not keep the request', () => {
  const limiter = table([rate(10, 1000)], 1000)
  const before = heap()
  for (let index = 0; index < 1000; index++) {
    const head = `${String(index).padStart(20, '0')}${'x'.repeat(65_536)}`
    limiter.take(head.slice(0, 20), 0)
  }
  assert.equal(limiter.size, 1000)
  assert.ok(heap() - before < 8 * 2 ** 20)
})
