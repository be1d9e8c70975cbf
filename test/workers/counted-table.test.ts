import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Limiters } from '../../src/limits/limiters.ts'
import { CountedTable } from '../../src/workers/counted-table.ts'
import { takeCounted } from '../../src/workers/exchange.ts'

const RATES = [{ count: 3, windowMs: 1000 }]

test('what was let pass is told once, by key; what was refused is not', () => {
  const table = new CountedTable({ rates: RATES, max: 10 })
  for (let index = 0; index < 5; index++) table.take('a', 0)
  table.record('b', 0, 2)
  assert.deepEqual(table.collect(), [
    ['a', 3],
    ['b', 2],
  ])
  assert.deepEqual(table.collect(), [])
})

test('what others let pass counts here, and is not told again', () => {
  const table = new CountedTable({ rates: RATES, max: 10 })
  table.absorb('a', 0, 2)
  assert.deepEqual([table.take('a', 1), table.take('a', 2), table.take('a', 1001)], [true, false, true])
  assert.deepEqual(table.collect(), [['a', 2]])
})

test('an amount beyond the rate is full and no more: it costs no time either', () => {
  const table = new CountedTable({ rates: RATES, max: 10 })
  table.absorb('a', 0, 2 ** 40)
  assert.deepEqual([table.take('a', 999), table.take('a', 1000)], [false, true])
})

test('an unknown limiter, or one of this process alone, is passed over', () => {
  const limiters = new Limiters()
  const own = limiters.get('own', RATES, 10)
  takeCounted(
    limiters,
    [
      ['own', [['a', 3]]],
      ['other', [['a', 3]]],
    ],
    0,
  )
  assert.equal(own.take('a', 0), true)
})

/** Two workers that tell each other at every multiple of `SHARE`, and a sender that uses both. */
const SHARE = 50

test('a sender over two workers never exceeds the rate by more than what the other let pass since the last exchange', () => {
  const sending = fc.record({ worker: fc.nat(1), wait: fc.nat(40), amount: fc.integer({ min: 1, max: 40 }) })
  const counts = fc.constantFrom(5, 40, 300, 5000)
  fc.assert(
    fc.property(counts, fc.array(sending, { minLength: 1, maxLength: 300 }), (count, sends) => {
      const windowMs = 700
      const tables = [0, 1].map(() => new CountedTable({ rates: [{ count, windowMs }], max: 10 }))
      const [first, second] = tables as [CountedTable, CountedTable]
      const passed: { at: number; worker: number; amount: number }[] = []
      let now = 0
      for (const { worker, wait, amount } of sends) {
        for (let at = now + SHARE - (now % SHARE); at <= now + wait; at += SHARE) {
          const [mine, theirs] = [first.collect(), second.collect()]
          for (const [key, sum] of mine) second.absorb(key, at, sum)
          for (const [key, sum] of theirs) first.absorb(key, at, sum)
        }
        now += wait
        if (tables[worker]?.take('key', now, amount)) passed.push({ at: now, worker, amount })
      }
      for (const [index, last] of passed.entries()) {
        const inside = passed.slice(0, index + 1).filter(({ at }) => at > last.at - windowMs)
        const unseen = inside.filter(({ worker, at }) => worker !== last.worker && sameInterval(at, last.at))
        assert.ok(total(inside) <= count + total(unseen), `${total(inside)} of ${count}, ${total(unseen)} unseen`)
      }
    }),
  )
})

const total = (all: readonly { amount: number }[]) => all.reduce((sum, { amount }) => sum + amount, 0)
const sameInterval = (a: number, b: number) => Math.floor(a / SHARE) === Math.floor(b / SHARE)
