import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kept } from '../../src/ops/kept.ts'

function counted(make: (times: number) => Promise<number>) {
  const state = { made: 0, clock: 0 }
  const ask = kept(
    () => make(++state.made),
    1000,
    () => state.clock,
  )
  return { state, ask }
}

test('who asks while it is being made, and for a moment after, gets the same', async () => {
  const { state, ask } = counted(async (times) => times)
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [1, 1, 1])
  state.clock = 999
  assert.equal(await ask(), 1)
  state.clock = 1000
  assert.deepEqual([await ask(), state.made], [2, 2])
})

test('the moment begins when it is made', async () => {
  let finish = (_value: number) => {}
  const { state, ask } = counted(
    () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  )
  const first = ask()
  state.clock = 5000
  const second = ask()
  finish(7)
  assert.deepEqual([await first, await second, await ask(), state.made], [7, 7, 7, 1])
})

test('a failure is told to all who wait for it, and is not kept', async () => {
  const { ask } = counted(async (times) => {
    if (times === 1) throw new Error('no')
    return times
  })
  assert.deepEqual(
    (await Promise.allSettled([ask(), ask()])).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(await ask(), 2)
})
