/** Places of several workers in one ledger, over a pipe that is slow: a model, with messages in every order that can be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import type { Taking, Wanted } from '../../src/limits/slots.ts'
import type { Newcomer, Occupant, Seat } from '../../src/policy/seat.ts'
import { Ledger } from '../../src/workers/ledger.ts'
import { type Handlers, Link } from '../../src/workers/link.ts'
import { RemotePlaces } from '../../src/workers/remote-places.ts'
import type { ToPrimary, ToWorker } from '../../src/workers/words.ts'

const BY: Newcomer = { check: 'connections', mode: 'enforce' }
/** Of the two ends only these words are said here. */
const some = <Words>(handlers: Partial<Words>) => handlers as Words

/** Workers of one ledger. A worker can be cut off: its desk gives everything back. */
function crew(size: number) {
  const ledger = new Ledger(() => 0)
  const workers = Array.from({ length: size }, () => {
    const ends: { worker?: Link<ToPrimary, ToWorker>; primary?: Link<ToWorker, ToPrimary> } = {}
    const send = (to: 'worker' | 'primary') => (message: unknown, done: () => void) => {
      const text = JSON.stringify(message)
      done()
      void setImmediate().then(() => ends[to]?.take(JSON.parse(text)))
    }
    const desk = ledger.desk((occupant, by) => ends.primary?.tell('replaced', { occupant, by }))
    const toPrimary = some<Handlers<ToPrimary>>(ledger.answers(desk))
    const toWorker = some<Handlers<ToWorker>>({ replaced: ({ occupant, by }) => places.replaced(occupant, by) })
    const link = new Link<ToPrimary, ToWorker>({ send: send('primary') }, toWorker)
    ends.worker = link
    ends.primary = new Link<ToWorker, ToPrimary>({ send: send('worker') }, toPrimary)
    const places = new RemotePlaces(link)
    const die = () => {
      link.close()
      ends.primary?.close()
      desk.releaseAll()
    }
    return { places, slots: places.slots('live'), desk, link, die }
  })
  return { ledger, workers }
}

const settled = async () => {
  for (let turns = 0; turns < 8; turns++) await setImmediate()
}

const count = (key: string, max?: number): Wanted => ({ key, as: 'count', ...(max === undefined ? {} : { max }) })

test('never more than the limit, whoever asks; all is given back', async () => {
  const acts = fc.array(fc.record({ worker: fc.nat(2), gives: fc.boolean(), key: fc.constantFrom('a', 'b') }), {
    maxLength: 60,
  })
  await fc.assert(
    fc.asyncProperty(acts, fc.integer({ min: 1, max: 4 }), async (all, max) => {
      const { ledger, workers } = crew(3)
      const held: Extract<Taking<Seat>, { ok: true }>[] = []
      const asking = all.map(async ({ worker, gives, key }) => {
        const taking = await workers[worker]?.slots.takeAll([count(key, max), count('all')])
        if (!taking?.ok) return
        held.push(taking)
        for (const one of ['a', 'b']) assert.ok(ledger.tables.counts.open(one) <= max)
        if (gives) taking.release()
      })
      await Promise.all(asking)
      for (const one of held) {
        one.release()
        one.release()
      }
      await settled()
      assert.deepEqual(
        [ledger.tables.counts.size, workers.map(({ slots, desk }) => slots.size + desk.size)],
        [0, [0, 0, 0]],
      )
    }),
    { numRuns: 40 },
  )
})

test('a limit that refuses says which and how many, and takes nothing', async () => {
  const { ledger, workers } = crew(2)
  const [one, other] = workers
  await one?.slots.takeAll([count('x', 1)])
  assert.deepEqual(await other?.slots.takeAll([count('y', 5), count('x', 1)]), { ok: false, full: 1, held: 1 })
  assert.equal(ledger.tables.counts.open('y'), 0)
})

test('what has no limit is counted without waiting', async () => {
  const { ledger, workers } = crew(1)
  const taking = workers[0]?.slots.takeAll([count('x')])
  assert.ok(taking && !(taking instanceof Promise) && taking.ok)
  taking.release()
  await settled()
  assert.equal(ledger.tables.counts.size, 0)
})

test('a worker that dies gives back what it held, and who waited for an answer is refused', async () => {
  const { ledger, workers } = crew(2)
  const [one, other] = workers
  await one?.slots.takeAll([count('x', 1)])
  const waiting = Promise.resolve(one?.slots.takeAll([count('y', 1)]))
  const refused = assert.rejects(waiting, /gone/)
  one?.die()
  await refused
  assert.equal(ledger.tables.counts.size, 0)
  assert.equal((await other?.slots.takeAll([count('x', 1)]))?.ok, true)
})

test('what a worker asked for before it died, and is read after, holds no place', async () => {
  const { ledger, workers } = crew(2)
  const [one, other] = workers
  one?.slots.takeAll([count('x')])
  const asked = assert.rejects(Promise.resolve(one?.slots.takeAll([count('x', 1)])), /gone/)
  // Both are on their way: the pipe is read when the process is gone.
  await setImmediate()
  one?.die()
  await asked
  await settled()
  assert.deepEqual([ledger.tables.counts.size, one?.desk.size], [0, 0])
  assert.equal((await other?.slots.takeAll([count('x', 1)]))?.ok, true)
})

test('nothing piles up before a primary that takes nothing: limited or not, who comes is refused', async () => {
  const link = new Link<ToPrimary, ToWorker>({ send: () => {} }, some<Handlers<ToWorker>>({}))
  const slots = new RemotePlaces(link).slots('live')
  for (let index = 0; index < 1025 * 512; index++) slots.takeAll([count('x')])
  for (const wanted of [count('x'), count('x', 1)]) assert.throws(() => slots.takeAll([wanted]), /does not keep up/)
})

/** An open connection with a seat under each key. */
async function opened(
  worker: ReturnType<typeof crew>['workers'][number] | undefined,
  wanted: readonly Wanted[],
  mode = BY,
) {
  const told: Newcomer[] = []
  const takings: Taking<Seat>[] = []
  for (const one of wanted) if (worker) takings.push(await worker.slots.takeAll([one]))
  const occupant: Occupant = { replaced: (by) => told.push(by) }
  for (const taking of takings.toReversed()) if (taking.ok) taking.seat?.open(occupant, mode)
  await settled()
  const release = () => {
    for (const taking of takings) if (taking.ok) taking.release()
  }
  return { told, release }
}

const seat = (key: string, max: number): Wanted => ({ key, max, as: 'evict' })

test('a newer connection takes the place of the oldest, in whichever worker that is', async () => {
  const { ledger, workers } = crew(2)
  const [one, other] = workers
  const oldest = await opened(one, [seat('ann', 2)])
  const older = await opened(other, [seat('ann', 2)])
  const newest = await opened(other, [seat('ann', 2)])
  assert.deepEqual([oldest.told, older.told, newest.told], [[BY], [], []])
  assert.equal(ledger.tables.counts.seats.taken('ann'), 2)
  for (const { release } of [oldest, older, newest]) release()
  await settled()
  assert.deepEqual([ledger.tables.counts.size, one?.desk.size, other?.desk.size], [0, 0, 0])
})

test('one that must go leaves every place it has, so no second one goes for the same newcomer', async () => {
  const { workers } = crew(2)
  const [one, other] = workers
  const foreign = await opened(one, [seat('all', 2)])
  const own = await opened(one, [seat('all', 2), seat('route', 1)])
  await opened(other, [seat('all', 2), seat('route', 1)])
  assert.deepEqual([own.told.length, foreign.told.length], [1, 0])
})

test('in a dry run the older one is told, and counts into nothing of that mode', async () => {
  const { ledger, workers } = crew(2)
  const dry: Newcomer = { check: 'connections', mode: 'dry-run' }
  const older = await opened(workers[0], [seat('ann', 1)], dry)
  await opened(workers[1], [seat('ann', 1)], dry)
  assert.deepEqual([older.told, ledger.tables.counts.seats.taken('ann'), workers[0]?.desk.size], [[dry], 1, 0])
})
