import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Seats } from '../../src/limits/seats.ts'
import { admit, type Permit } from '../../src/policy/admit.ts'
import type { Step } from '../../src/policy/check.ts'
import type { Finding } from '../../src/policy/finding.ts'
import type { Occupant } from '../../src/policy/seat.ts'
import { connection } from '../support/connection.ts'
import { policyOf, step } from '../support/route-policy.ts'

/** One place for everybody, and how many hold something of this step. */
function place(mode: Step['mode'] = 'enforce') {
  const seats = new Seats<Occupant>()
  let held = 0
  const judge = () => {
    const seat = seats.take('', 1)
    held++
    const release = () => {
      held--
      seat.leave()
    }
    return { ok: true as const, release, seat }
  }
  return { seats, held: () => held, step: { ...step('connections', judge), mode } }
}

/** Takes nothing but a seat. */
const takeOf = (seats: Seats<Occupant>, keeps: number) => () => {
  const seat = seats.take('', keeps)
  return { ok: true as const, release: () => seat.leave(), seat }
}

async function permitOf(...steps: Step[]): Promise<Permit> {
  const admission = await admit(connection(), policyOf(steps))
  if (!admission.granted) throw new Error('not admitted')
  return admission.permit
}

/** Opens a permit, and tells what it is told. */
function opened(permit: Permit) {
  const told: Finding[] = []
  permit.opened({ conclude: (finding) => told.push(finding) })
  return { permit, told }
}

test('an older one is told, with the reason and that it counts; what else it holds stays until its end', async () => {
  const { step: one, seats, held } = place()
  const older = opened(await permitOf(one))
  const newer = opened(await permitOf(one))
  assert.deepEqual(
    older.told.map(({ check, reason, counted }) => [check, reason, counted]),
    [['connections', 'session_replaced', true]],
  )
  assert.deepEqual([newer.told, seats.taken(''), held()], [[], 1, 2])
  older.permit.release()
  older.permit.release()
  assert.deepEqual([seats.taken(''), held()], [1, 1])
  newer.permit.release()
  assert.deepEqual([seats.size, held()], [0, 0])
})

test('who never opens replaces nobody', async () => {
  const { step: one, seats } = place()
  const older = opened(await permitOf(one))
  const dialled = await permitOf(one)
  assert.equal(seats.taken(''), 2)
  dialled.release()
  dialled.opened({ conclude: () => {} })
  assert.deepEqual([older.told, seats.taken('')], [[], 1])
})

test('one that must go leaves every place it has, so no second one goes for the same newcomer', async () => {
  const route = place()
  const seats = new Seats<Occupant>()
  const wide = { ...place().step, judge: takeOf(seats, 2) }
  // The oldest of all is another route's.
  const foreign = opened(await permitOf(wide))
  const own = opened(await permitOf(wide, route.step))
  opened(await permitOf(wide, route.step))
  assert.deepEqual([own.told.length, foreign.told.length, seats.taken('')], [1, 0, 2])
})

for (const mode of ['dry-run', 'candidate'] as const) {
  test(`${mode}: nobody goes; the older one is told so and counts into nothing of that mode`, async () => {
    const tried = place(mode)
    const live = place('enforce')
    // The enforced step has a place for each.
    const wide = { ...live.step, judge: takeOf(live.seats, 5) }
    const older = opened(await permitOf(wide, tried.step))
    opened(await permitOf(wide, tried.step))
    assert.deepEqual(
      older.told.map(({ reason, counted, action }) => [reason, counted, action]),
      [['session_replaced', false, mode === 'candidate' ? 'candidate' : 'none']],
    )
    assert.deepEqual([tried.held(), tried.seats.taken(''), live.seats.taken('')], [1, 1, 2])
    opened(await permitOf(wide, tried.step))
    assert.equal(older.told.length, 1)
    older.permit.release()
    assert.deepEqual([tried.held(), live.seats.taken('')], [1, 2])
  })
}

test('the newer one decides whether it counts: a reload from enforce to dry run ends nobody', async () => {
  const { seats, step: enforced } = place('enforce')
  const older = opened(await permitOf(enforced))
  opened(await permitOf({ ...enforced, mode: 'dry-run' }))
  assert.deepEqual(
    older.told.map(({ counted }) => counted),
    [false],
  )
  const enforcedAgain = opened(await permitOf(enforced))
  assert.deepEqual([enforcedAgain.told, older.told.length, seats.taken('')], [[], 1, 1])
})
