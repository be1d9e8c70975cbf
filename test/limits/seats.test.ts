import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Seats } from '../../src/limits/seats.ts'

const ALL = Number.POSITIVE_INFINITY

/** Opens one under `ann`, who keeps so many. */
const opened = (seats: Seats<string>, name: string, keeps = ALL) => {
  const seat = seats.take('ann', keeps)
  return { seat, replaced: seat.open(name) }
}

test('the oldest that is open loses its place, and leaves at once', () => {
  const seats = new Seats<string>()
  const first = opened(seats, 'first', 2)
  const second = opened(seats, 'second', 2)
  assert.deepEqual([first.replaced, second.replaced, seats.taken('ann')], [[], [], 2])
  assert.deepEqual(opened(seats, 'third', 2).replaced, ['first'])
  assert.equal(seats.taken('ann'), 2)
  assert.deepEqual(opened(seats, 'fourth', 2).replaced, ['second'])
})

test('who opened last is the newest, whoever asked first', () => {
  const seats = new Seats<string>()
  const slow = seats.take('ann', 1)
  opened(seats, 'quick', 1)
  assert.deepEqual(slow.open('slow'), ['quick'])
})

test('a seat that is not open yet counts, replaces nobody and cannot be replaced', () => {
  const seats = new Seats<string>()
  const open = opened(seats, 'open', 1)
  const pending = seats.take('ann', 1)
  assert.deepEqual([seats.taken('ann'), seats.pending('ann')], [2, 1])
  pending.leave()
  assert.deepEqual([seats.taken('ann'), seats.pending('ann')], [1, 0])
  open.seat.leave()
  assert.equal(seats.size, 0)
})

test('leaving twice, and leaving after the place was lost, gives back once', () => {
  const seats = new Seats<string>()
  const first = opened(seats, 'first', 1)
  const second = opened(seats, 'second', 1)
  for (let times = 0; times < 3; times++) first.seat.leave()
  assert.equal(seats.taken('ann'), 1)
  second.seat.leave()
  second.seat.leave()
  assert.deepEqual([seats.taken('ann'), seats.size], [0, 0])
})

test('a key that was forgotten begins anew, and an old seat does not touch it', () => {
  const seats = new Seats<string>()
  const old = opened(seats, 'old').seat
  old.leave()
  opened(seats, 'new')
  old.leave()
  assert.deepEqual([seats.taken('ann'), seats.size], [1, 1])
})

test('a seat opens once, and not after it was left', () => {
  const seats = new Seats<string>()
  const { seat } = opened(seats, 'first', 1)
  assert.deepEqual(seat.open('again'), [])
  const gone = seats.take('ann', 1)
  gone.leave()
  assert.deepEqual(gone.open('late'), [])
  assert.equal(seats.taken('ann'), 1)
})

test('how many keep their places is what the last one to come was told', () => {
  const seats = new Seats<string>()
  const early = seats.take('ann', ALL)
  for (const name of ['a', 'b', 'c']) opened(seats, name)
  // A reload: from now on two.
  assert.deepEqual(opened(seats, 'd', 2).replaced, ['a', 'b'])
  assert.deepEqual(early.open('early'), ['c'])
})

test('a key may be any text, and each counts for itself', () => {
  const seats = new Seats<string>()
  for (const key of ['__proto__', 'constructor', '']) seats.take(key, 1).open(key)
  assert.deepEqual([seats.taken('__proto__'), seats.taken('constructor'), seats.taken('ann'), seats.size], [1, 1, 0, 3])
})

test('property: as a list of everybody in the order of opening', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b'),
    act: fc.constantFrom('take', 'open', 'leave'),
    which: fc.nat(9),
    keeps: fc.constantFrom(1, 2, 3, ALL),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const seats = new Seats<number>()
      const all: { key: string; state: 'pending' | 'open' | 'left'; seat: ReturnType<typeof seats.take> }[] = []
      const order: number[] = []
      const keeping: Record<string, number> = {}
      for (const { key, act, which, keeps } of steps) {
        if (act === 'take') {
          all.push({ key, state: 'pending', seat: seats.take(key, keeps) })
          keeping[key] = keeps
          continue
        }
        const one = all[which]
        if (!one) continue
        if (act === 'leave') {
          one.seat.leave()
          one.state = 'left'
          continue
        }
        const expected: number[] = []
        if (one.state === 'pending') {
          one.state = 'open'
          order.push(which)
          const open = order.filter((index) => all[index]?.key === one.key && all[index]?.state === 'open')
          expected.push(...open.slice(0, Math.max(0, open.length - (keeping[one.key] ?? ALL))))
        }
        assert.deepEqual(one.seat.open(which), expected)
        for (const index of expected) {
          const lost = all[index]
          if (lost) lost.state = 'left'
        }
      }
      for (const key of ['a', 'b']) {
        const own = all.filter((one) => one.key === key)
        assert.equal(seats.taken(key), own.filter(({ state }) => state !== 'left').length)
        assert.equal(seats.pending(key), own.filter(({ state }) => state === 'pending').length)
      }
      for (const { seat } of all) seat.leave()
      assert.equal(seats.size, 0)
    }),
  )
})
