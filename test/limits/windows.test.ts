import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Rate } from '../../src/limits/log.ts'
import { Windows } from '../../src/limits/windows.ts'
import { fitsNaively, mostInAnyWindow, roomNaively, type Taken, usedIn } from './naive.ts'

const rate = (count: number, windowMs: number): Rate => ({ count, windowMs })

const CASES: [name: string, rates: Rate[], times: number[], taken: boolean[]][] = [
  ['up to the count', [rate(2, 1000)], [0, 1, 2], [true, true, false]],
  ['again when the first has left', [rate(2, 1000)], [0, 500, 999, 1000, 1001], [true, true, false, true, false]],
  ['one at a time', [rate(1, 10)], [0, 9, 10, 19, 20], [true, false, true, false, true]],
  ['no burst over an edge', [rate(3, 1000)], [900, 950, 990, 1010, 1900], [true, true, true, false, true]],
  ['after a long silence', [rate(2, 10)], [0, 0, 1e9, 1e9, 1e9], [true, true, true, true, false]],
  ['fractions of a millisecond', [rate(1, 1)], [0, 0.9, 1], [true, false, true]],
  // What the short window refuses is not counted by the long one: its third place is still free at 200.
  [
    'all or none',
    [rate(3, 1000), rate(1, 100)],
    [0, 50, 60, 70, 100, 200, 300],
    [true, false, false, false, true, true, false],
  ],
  ['no rates', [], [0, 0, 0], [true, true, true]],
]

for (const [name, rates, times, expected] of CASES) {
  test(`windows: ${name}`, () => {
    const windows = new Windows(rates)
    assert.deepEqual(
      times.map((now) => windows.take(now)),
      expected,
    )
  })
}

test('asking records nothing', () => {
  const windows = new Windows([rate(1, 1000)])
  assert.deepEqual(
    [windows.hasRoom(0), windows.hasRoom(0), windows.take(0), windows.hasRoom(0)],
    [true, true, true, false],
  )
})

test('what exceeds a rate never fits, nothing always does', () => {
  for (const count of [10, 1000]) {
    const windows = new Windows([rate(count, 1000)])
    assert.deepEqual([windows.hasRoom(0, count + 1), windows.roomAt(0, count + 1)], [false, Number.POSITIVE_INFINITY])
    assert.deepEqual([windows.take(0, count), windows.take(0, 0), windows.take(0, 1)], [true, true, false])
  }
})

test('how much is used, of the fullest window', () => {
  const windows = new Windows([rate(10, 1000), rate(20, 60_000), rate(1000, 3_600_000)])
  assert.deepEqual(windows.used(0), { share: 0, events: 0 })
  for (let index = 0; index < 5; index++) windows.take(0)
  assert.deepEqual(windows.used(0), { share: 0.5, events: 5 })
  for (let index = 0; index < 5; index++) windows.take(1000)
  assert.deepEqual(windows.used(2000), { share: 0.5, events: 10 })
  assert.deepEqual(windows.used(61_000), { share: 0.01, events: 10 })
})

test('full until the last event has left the windows that are full', () => {
  const windows = new Windows([rate(2, 1000), rate(3, 60_000)])
  assert.deepEqual([windows.fullUntil(0), windows.isFull(0), windows.isIdle(0)], [0, false, true])
  windows.take(0)
  windows.take(400)
  assert.deepEqual([windows.fullUntil(500), windows.isFull(500), windows.isIdle(500)], [1400, true, false])
  assert.equal(windows.fullUntil(1000), 1000)
  windows.take(1000)
  assert.equal(windows.fullUntil(1000), 61_000)
  assert.deepEqual([windows.isIdle(60_999), windows.isIdle(61_000)], [false, true])
})

test('full is also who was refused an amount that still does not fit', () => {
  const windows = new Windows([rate(1000, 1000)])
  windows.take(0, 900)
  assert.equal(windows.isFull(0), false)
  // What never fits says nothing of the sender's state.
  assert.equal(windows.take(0, 5000), false)
  assert.equal(windows.isFull(0), false)
  assert.equal(windows.take(0, 101), false)
  assert.equal(windows.take(0, 10), true)
  assert.deepEqual([windows.isFull(0), windows.fullUntil(0), windows.isFull(1000)], [true, 1000, false])
})

/** Steps of a history: how long after the one before, and how much. Without `size` fast-check makes at most ten. */
const gapUpTo = (max: number) =>
  fc.oneof(fc.constant(0), fc.integer({ min: 0, max }), fc.double({ min: 0, max, noNaN: true }))
const stepsOf = (amount: fc.Arbitrary<number>, gap: fc.Arbitrary<number>, maxLength: number) =>
  fc
    .array(fc.record({ gap, amount, undone: fc.nat(3).map((one) => one === 0) }), { maxLength, size: 'max' })
    .map((list) => {
      let now = 1e6
      return list.map((step) => {
        now += step.gap
        return { ...step, now }
      })
    })
const steps = (amount: fc.Arbitrary<number>, maxLength = 150) =>
  fc.constantFrom(40, 2).chain((max) => stepsOf(amount, gapUpTo(max), maxLength))
const small = fc.record({ count: fc.integer({ min: 1, max: 20 }), windowMs: fc.integer({ min: 1, max: 300 }) })
const anySmall = fc.record({ count: fc.integer({ min: 1, max: 256 }), windowMs: fc.integer({ min: 1, max: 900 }) })

test('property: small counts are exactly the naive list', () => {
  const rates = fc.array(fc.oneof(small, anySmall), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(rates, steps(fc.constant(1), 400), (given, history) => {
      const windows = new Windows(given)
      const taken: Taken[] = []
      for (const { now } of history) {
        const fits = fitsNaively(taken, given, now, 1)
        assert.equal(windows.roomAt(now), roomNaively(taken, given, now, 1))
        assert.equal(windows.take(now), fits)
        if (fits) taken.push({ at: now, amount: 1 })
      }
    }),
    { numRuns: 60 },
  )
})

test('property: small counts with amounts and undo are exactly the naive list', () => {
  const amount = fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 22 }))
  fc.assert(
    fc.property(fc.array(small, { minLength: 1, maxLength: 3 }), steps(amount), (given, history) => {
      const windows = new Windows(given)
      let taken: Taken[] = []
      for (const { now, amount: wanted, undone } of history) {
        const fits = fitsNaively(taken, given, now, wanted)
        assert.equal(windows.take(now, wanted), fits)
        if (fits && undone) windows.undo()
        else if (fits) taken = [...taken, { at: now, amount: wanted }]
        assert.equal(
          windows.isIdle(now),
          given.every(({ windowMs }) => usedIn(taken, now, windowMs) === 0),
        )
        const shares = given.map(({ count, windowMs }) => usedIn(taken, now, windowMs) / count)
        assert.equal(windows.used(now).share, Math.max(...shares))
      }
    }),
    { numRuns: 200 },
  )
})

test('property: what comes at one time, and is asked for nothing between, is counted as the naive list does', () => {
  const amount = fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 9 }))
  const gap = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(40) })
  fc.assert(
    fc.property(fc.array(small, { minLength: 1, maxLength: 3 }), stepsOf(amount, gap, 150), (given, history) => {
      const windows = new Windows(given)
      let taken: Taken[] = []
      for (const { now, amount: wanted, undone } of history) {
        const fits = fitsNaively(taken, given, now, wanted)
        assert.equal(windows.take(now, wanted), fits)
        if (fits && undone) windows.undo()
        else if (fits) taken = [...taken, { at: now, amount: wanted }]
      }
      const now = history.at(-1)?.now ?? 0
      assert.equal(windows.roomAt(now), roomNaively(taken, given, now, 1))
    }),
    { numRuns: 300 },
  )
})

test('what came at one time is taken back one by one from the end, and no more than the last', () => {
  for (const count of [5, 1000]) {
    const windows = new Windows([rate(count, 1000)])
    for (let index = 0; index < count; index++) assert.ok(windows.take(7))
    assert.equal(windows.take(7), false)
    windows.undo()
    windows.undo()
    assert.deepEqual([windows.take(7), windows.take(7)], [true, false])
  }
})

/** Larger counts, kept in groups: what is allowed, and what a group may count too long. */
const large = fc.record({ count: fc.integer({ min: 257, max: 3000 }), windowMs: fc.integer({ min: 1, max: 900 }) })
const bytes = fc.record({ count: fc.integer({ min: 257, max: 5_000_000 }), windowMs: fc.integer({ min: 1, max: 900 }) })
const imprecision = ({ count }: Rate): number => (count <= 256 ? 0 : Math.ceil(count / 256) - 1)

/** Both bounds: never more than the count, and no refusal of who stays below it by the imprecision. */
function assertBounds(given: readonly Rate[], history: readonly { now: number; amount: number; undone: boolean }[]) {
  const windows = new Windows(given)
  let refused = 0
  let taken: Taken[] = []
  const lowered = given.map((one) => ({ ...one, count: one.count - imprecision(one) }))
  for (const { now, amount, undone } of history) {
    const isTaken = windows.take(now, amount)
    if (!isTaken) {
      assert.ok(!fitsNaively(taken, lowered, now, amount), `refused ${amount} at ${now}`)
      refused++
    }
    if (isTaken && undone) windows.undo()
    else if (isTaken) taken = [...taken, { at: now, amount }]
  }
  for (const { count, windowMs } of given) assert.ok(mostInAnyWindow(taken, windowMs) <= count)
  return refused
}

test('property: both bounds of large counts', () => {
  const many = fc.integer({ min: 1, max: 60 })
  let refused = 0
  fc.assert(
    fc.property(fc.array(large, { minLength: 1, maxLength: 2 }), steps(many, 600), (given, history) => {
      refused += assertBounds(given, history)
    }),
    { numRuns: 60 },
  )
  assert.ok(refused > 100)
})

test('property: both bounds of bytes', () => {
  const amount = fc.oneof(
    fc.integer({ min: 0, max: 200 }),
    fc.integer({ min: 1, max: 70_000 }),
    fc.integer({ min: 1, max: 5e6 }),
  )
  let refused = 0
  fc.assert(
    fc.property(fc.array(bytes, { minLength: 1, maxLength: 2 }), steps(amount, 400), (given, history) => {
      refused += assertBounds(given, history)
    }),
    { numRuns: 60 },
  )
  assert.ok(refused > 100)
})

test('property: one who stays a 256th below is never refused, whatever the count', () => {
  fc.assert(
    fc.property(fc.integer({ min: 257, max: 20_000 }), fc.integer({ min: 1, max: 3 }), (count, rounds) => {
      const windows = new Windows([rate(count, 1000)])
      const most = count - Math.ceil(count / 256) + 1
      for (let index = 0; index < most * rounds; index++) assert.ok(windows.take(Math.ceil((index * 1000) / most)))
    }),
    { numRuns: 20 },
  )
})

test('property: it fits when it is said to, and not before', () => {
  const rates = fc.array(fc.oneof(small, large, bytes), { minLength: 1, maxLength: 3 })
  const wanted = fc.integer({ min: 1, max: 400 })
  fc.assert(
    fc.property(rates, steps(wanted), wanted, (given, history, amount) => {
      const windows = new Windows(given)
      for (const step of history) if (windows.take(step.now, step.amount) && step.undone) windows.undo()
      const now = history.at(-1)?.now ?? 0
      const at = windows.roomAt(now, amount)
      assert.equal(
        at === Number.POSITIVE_INFINITY,
        given.some(({ count }) => amount > count),
      )
      if (at === now) assert.ok(windows.hasRoom(now, amount))
      if (at === now || at === Number.POSITIVE_INFINITY) return
      const before = Math.max(now, at - 0.001)
      assert.ok(at > now && !windows.hasRoom(before, amount), `${amount} fits before ${at}`)
      assert.ok(windows.hasRoom(at, amount), `${amount} does not fit at ${at}`)
    }),
    { numRuns: 300 },
  )
})

test('undo is once, and outlives what has left meanwhile', () => {
  for (const count of [2, 512]) {
    const windows = new Windows([rate(count, 1000)])
    windows.undo()
    windows.take(0, count / 2)
    windows.take(500, count / 2)
    windows.undo()
    windows.undo()
    assert.deepEqual(windows.used(500), { share: 0.5, events: count / 2 })
    windows.take(600, count / 2)
    assert.equal(windows.isIdle(5000), true)
    windows.undo()
    assert.equal(windows.take(5000, count), true)
  }
})
