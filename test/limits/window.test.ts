import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SlidingWindow, Windows } from '../../src/limits/window.ts'

const take = (window: SlidingWindow, now: number): boolean => {
  const has = window.hasRoom(now)
  if (has) window.record(now)
  return has
}

const CASES: [name: string, count: number, windowMs: number, times: number[], taken: boolean[]][] = [
  ['up to the count', 2, 1000, [0, 1, 2], [true, true, false]],
  ['again when the first has left', 2, 1000, [0, 500, 999, 1000, 1001], [true, true, false, true, false]],
  ['one at a time', 1, 10, [0, 9, 10, 19, 20], [true, false, true, false, true]],
  ['no burst over the edge of a window', 3, 1000, [900, 950, 990, 1010, 1900], [true, true, true, false, true]],
  ['after a long silence', 2, 10, [0, 0, 1e9, 1e9, 1e9], [true, true, true, true, false]],
  ['fractions of a millisecond', 1, 1, [0, 0.9, 1], [true, false, true]],
]

for (const [name, count, windowMs, times, expected] of CASES) {
  test(`a window: ${name}`, () => {
    const window = new SlidingWindow(count, windowMs)
    assert.deepEqual(
      times.map((now) => take(window, now)),
      expected,
    )
  })
}

test('asking records nothing', () => {
  const window = new SlidingWindow(1, 1000)
  assert.deepEqual(
    [window.hasRoom(0), window.hasRoom(0), take(window, 0), window.hasRoom(0)],
    [true, true, true, false],
  )
})

test('a full second window leaves the first untouched', () => {
  const windows = new Windows([
    { count: 3, windowMs: 1000 },
    { count: 1, windowMs: 100 },
  ])
  // Refused ones are not counted: the third place of the first window is still free at 200.
  assert.deepEqual(
    [0, 50, 60, 70, 100, 200, 300].map((now) => windows.take(now)),
    [true, false, false, false, true, true, false],
  )
})

test('without rates everything has room', () => {
  assert.equal(new Windows([]).take(0), true)
})

const EVENTS = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 200 }).map((gaps) => {
  let now = 0
  return gaps.map((gap) => (now += gap))
})
const RATE = fc.record({ count: fc.integer({ min: 1, max: 20 }), windowMs: fc.integer({ min: 1, max: 300 }) })

/** The naive limiter: the list of every time that was taken. */
function naive(rates: readonly { count: number; windowMs: number }[]): (now: number) => boolean {
  const taken: number[] = []
  return (now) => {
    const hasRoom = rates.every(({ count, windowMs }) => taken.filter((at) => at > now - windowMs).length < count)
    if (hasRoom) taken.push(now)
    return hasRoom
  }
}

test('property: as the naive list of timestamps', () => {
  fc.assert(
    fc.property(fc.array(RATE, { maxLength: 3 }), EVENTS, (rates, times) => {
      const windows = new Windows(rates)
      const oracle = naive(rates)
      for (const now of times) assert.equal(windows.take(now), oracle(now), `at ${now}`)
    }),
    { numRuns: 300 },
  )
})

test('property: never more than the count in any window', () => {
  fc.assert(
    fc.property(RATE, EVENTS, ({ count, windowMs }, times) => {
      const window = new SlidingWindow(count, windowMs)
      const taken = times.filter((now) => take(window, now))
      for (const end of taken) assert.ok(taken.filter((at) => at > end - windowMs && at <= end).length <= count)
    }),
    { numRuns: 300 },
  )
})

test('property: one who stays within is never refused', () => {
  fc.assert(
    fc.property(RATE, fc.integer({ min: 1, max: 200 }), ({ count, windowMs }, length) => {
      const window = new SlidingWindow(count, windowMs)
      for (let index = 0; index < length; index++) {
        assert.ok(take(window, Math.ceil((index * windowMs) / count)))
      }
    }),
    { numRuns: 300 },
  )
})
