import assert from 'node:assert/strict'
import { mock, type TestContext, test } from 'node:test'
import { Replacing } from '../../src/workers/replacing.ts'

/** One whose starts fail as often as it says, and what happened at which ms. */
function replacing(t: TestContext, failures = 0) {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const state = { now: 0, failures }
  const happened: string[] = []
  const all = new Replacing({
    start: (number) => {
      if (state.failures-- > 0) throw new Error('spawn ENOMEM')
      happened.push(`${state.now} started ${number}`)
    },
    failed: (number, error) => happened.push(`${state.now} ${number}: ${(error as Error).message}`),
    clock: () => state.now,
  })
  const advance = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      state.now += 10
      mock.timers.tick(10)
    }
  }
  return { all, happened, advance }
}

test('one that died soon is started again after a while', (t) => {
  const { all, happened, advance } = replacing(t)
  assert.equal(all.after({ number: 2, startedAt: 0 }), 100)
  advance(200)
  assert.deepEqual(happened, ['100 started 2'])
})

test('where there is no process to be had it is tried again, later and later', (t) => {
  const { all, happened, advance } = replacing(t, 3)
  all.after({ number: 1, startedAt: -60_000 })
  advance(5000)
  assert.deepEqual(happened, ['10 1: spawn ENOMEM', '110 1: spawn ENOMEM', '310 1: spawn ENOMEM', '710 started 1'])
})

test('once it is over none is started', (t) => {
  const { all, happened, advance } = replacing(t)
  all.after({ number: 1, startedAt: 0 })
  all.stop()
  advance(60_000)
  assert.deepEqual(happened, [])
})
