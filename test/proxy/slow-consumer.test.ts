import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlowConsumer } from '../../src/proxy/slow-consumer.ts'

const NOTHING = undefined
type Look = [now: number, full: number | undefined, queued: number, movedAt: number | undefined]

/** Looks in turn; `full` is when the stall began. */
const CASES: [name: string, looks: Look[]][] = [
  ['takes everything', [[1, undefined, 0, NOTHING]]],
  [
    'takes nothing',
    [
      [20, 10, 100, 10],
      [40, 10, 100, 10],
      [60, 10, 100, 10],
    ],
  ],
  [
    'takes a little',
    [
      [20, 10, 100, 10],
      [40, 10, 99, 40],
      [60, 10, 99, 40],
      [80, 10, 1, 80],
    ],
  ],
  [
    'more is queued than before: that is no progress',
    [
      [20, 10, 100, 10],
      [40, 10, 200, 10],
    ],
  ],
  [
    'another stall, with more queued',
    [
      [20, 10, 100, 10],
      [40, 35, 100, 35],
      [60, 35, 100, 35],
    ],
  ],
  [
    'another stall after a look without one',
    [
      [20, 10, 100, 10],
      [40, undefined, 0, NOTHING],
      [60, 55, 9, 55],
    ],
  ],
]

for (const [name, looks] of CASES) {
  test(name, () => {
    const consumer = new SlowConsumer('the client')
    for (const [now, full, queued, movedAt] of looks) {
      const found = consumer.look({ isFull: full !== undefined, fullAt: full ?? 0 }, queued, now)
      assert.deepEqual(found, movedAt === undefined ? undefined : { who: 'the client', queued, movedAt }, `at ${now}`)
    }
  })
}
