import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Wheel } from '../../src/proxy/wheel.ts'

const DAY = 86_400_000

/** A wheel with a log of what ran. */
function made(tickMs = 50, start = 0) {
  const wheel = new Wheel(tickMs, start)
  const ran: string[] = []
  return { wheel, ran, at: (time: number, name: string) => wheel.at(time, () => ran.push(name)) }
}

test('a deadline runs once, at the first tick at or after its time', () => {
  const { wheel, ran, at } = made()
  at(120, 'a')
  wheel.tick(119)
  assert.deepEqual(ran, [])
  wheel.tick(150)
  wheel.tick(1000)
  assert.deepEqual(ran, ['a'])
  assert.equal(wheel.size, 0)
})

test('one in the past runs at the next tick', () => {
  const { wheel, ran, at } = made()
  wheel.tick(1000)
  at(10, 'late')
  wheel.tick(1000)
  assert.deepEqual(ran, [])
  wheel.tick(1050)
  assert.deepEqual(ran, ['late'])
})

test('60 days ahead is 60 days ahead: it does not fire now (trap 6)', () => {
  const { wheel, ran, at } = made(50, Date.UTC(2026, 0, 1))
  const start = Date.UTC(2026, 0, 1)
  at(start + 60 * DAY, 'expiry')
  for (const days of [0.001, 1, 25, 30, 59.999]) wheel.tick(start + days * DAY)
  assert.deepEqual(ran, [])
  wheel.tick(start + 60 * DAY)
  assert.deepEqual(ran, ['expiry'])
})

test('a deadline may cancel another that is due at the same tick, and be set anew by itself', () => {
  const { wheel, ran, at } = made()
  const others: { cancel: () => void }[] = []
  wheel.at(50, () => {
    ran.push('first')
    for (const other of others) other.cancel()
    at(50, 'again')
  })
  others.push(at(50, 'second'))
  wheel.tick(60)
  assert.deepEqual(ran, ['first'])
  assert.equal(wheel.size, 1)
  wheel.tick(110)
  assert.deepEqual(ran, ['first', 'again'])
  assert.equal(wheel.size, 0)
})

test('cancelling twice, or after the run, does nothing', () => {
  const { wheel, ran, at } = made()
  const one = at(50, 'one')
  const two = at(50, 'two')
  one.cancel()
  one.cancel()
  wheel.tick(50)
  two.cancel()
  at(50, 'three')
  one.cancel()
  assert.equal(wheel.size, 1)
  assert.deepEqual(ran, ['two'])
})

test('against a naive list of deadlines, whatever the clock does', () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 5_000 }) }),
    fc.record({ pass: fc.oneof(fc.integer({ min: -100, max: 400 }), fc.constant(DAY)) }),
    fc.record({ cancel: fc.nat(20) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { wheel, ran, at } = made(50, 0)
      let now = 0
      let ticked = -1
      const naive = new Map<number, { due: number; cancel: () => void }>()
      const expected: string[] = []
      let added = 0
      for (const one of steps) {
        if ('add' in one) {
          const id = added++
          const due = Math.max(Math.ceil((now + one.add) / 50), ticked + 1)
          const deadline = at(now + one.add, String(id))
          naive.set(id, { due, cancel: () => deadline.cancel() })
        } else if ('pass' in one) {
          now = Math.max(0, now + one.pass)
          wheel.tick(now)
          ticked = Math.max(ticked, Math.floor(now / 50))
          const due = [...naive]
            .filter((entry) => entry[1].due <= ticked)
            .sort((a, b) => a[1].due - b[1].due || a[0] - b[0])
          for (const [id] of due) {
            naive.delete(id)
            expected.push(String(id))
          }
        } else {
          naive.get(one.cancel)?.cancel()
          naive.delete(one.cancel)
        }
        assert.equal(wheel.size, naive.size)
      }
      assert.deepEqual(ran, expected)
    }),
    { numRuns: 200 },
  )
})
