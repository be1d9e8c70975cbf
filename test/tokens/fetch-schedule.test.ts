import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetchSchedule } from '../../src/tokens/fetch-schedule.ts'

test('a good fetch lasts ten minutes; an unknown key may ask again after 30 s', () => {
  const clock = { now: 0 }
  const schedule = fetchSchedule(() => clock.now)
  assert.ok(schedule.isDue())
  schedule.started()
  schedule.succeeded()
  for (const [now, due, unknown] of [
    [0, false, false],
    [29_999, false, false],
    [30_000, false, true],
    [599_999, false, true],
    [600_000, true, true],
  ] as const) {
    clock.now = now
    assert.deepEqual([schedule.isDue(), schedule.mayAskForUnknown(), schedule.isFailing()], [due, unknown, false])
  }
})

test('bad fetches wait 1, 2, 4 … 60 s, and a good one forgets them', () => {
  const clock = { now: 0 }
  const schedule = fetchSchedule(() => clock.now)
  for (const retryInMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    schedule.started()
    assert.equal(schedule.failed().retryInMs, retryInMs)
    clock.now += retryInMs - 1
    assert.deepEqual([schedule.isDue(), schedule.mayAskForUnknown(), schedule.isFailing()], [false, false, true])
    clock.now += 1
    assert.ok(schedule.isDue())
  }
  schedule.succeeded()
  assert.deepEqual(schedule.failed(), { failures: 1, retryInMs: 1_000 })
})
