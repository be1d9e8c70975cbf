import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rememberAnswers } from '../../src/authorization/answers.ts'
import type { Reply } from '../../src/authorization/ask.ts'

const OK: Reply = { status: 204, headers: [] }

/** Answers remembered for 10 s on a clock that the test moves, and how often each was asked for. */
function remembering(reply: () => Reply | Promise<Reply> = () => OK, keepMs = 10_000, max = 10) {
  const state = { now: 0, asked: 0 }
  const answers = rememberAnswers({ keepMs, clock: () => state.now, isKept: (one) => 'status' in one, max })
  const ask = (key: string) =>
    answers(key, async () => {
      state.asked++
      return await reply()
    })
  return { state, ask }
}

test('an answer is good for its time, by its question', async () => {
  const { state, ask } = remembering()
  await ask('a')
  state.now = 9_999
  assert.equal(await ask('a'), OK)
  assert.equal(state.asked, 1)
  await ask('b')
  state.now = 10_000
  await ask('a')
  assert.equal(state.asked, 3)
})

test('equal questions are asked once, while that one is under way', async () => {
  let answer = (_: Reply) => {}
  const { state, ask } = remembering(() => new Promise<Reply>((resolve) => (answer = resolve)), 0)
  const all = [ask('a'), ask('a'), ask('a')]
  await Promise.resolve()
  answer(OK)
  assert.deepEqual(await Promise.all(all), [OK, OK, OK])
  assert.equal(state.asked, 1)
  const next = ask('a')
  await Promise.resolve()
  answer(OK)
  await next
  assert.equal(state.asked, 2)
})

test('a failure is not remembered', async () => {
  const { state, ask } = remembering(() => ({ problem: 'down' }))
  await ask('a')
  await ask('a')
  assert.equal(state.asked, 2)
})

test('only so many are remembered: the oldest goes first', async () => {
  const { state, ask } = remembering(() => OK, 10_000, 2)
  for (const key of ['a', 'b', 'c']) await ask(key)
  await ask('c')
  await ask('b')
  assert.equal(state.asked, 3)
  await ask('a')
  assert.equal(state.asked, 4)
})
