import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attempt } from '../../src/demo/attempt.ts'
import type { LogLine } from '../../src/demo/log-book.ts'
import { SCENARIOS } from '../../src/demo/scenarios.ts'
import { REASONS } from '../../src/policy/reasons.ts'
import { ask, demonstrate, replay } from './replay.ts'

test('every scenario gets the code the page promises, beside the log lines of just that attempt', async (t) => {
  const { demo, written } = await demonstrate(t)
  for (const { id, expected } of SCENARIOS) {
    await t.test(id, async () => {
      // What /attempt answers.
      const attempt = JSON.parse((await ask(demo, `/attempt?scenario=${id}`)).body) as Attempt
      assert.deepEqual(attempt.expected, expected)
      const { reason, ...promised } = expected
      assert.deepEqual(await replay(attempt), promised)
      const { status, body } = await ask(demo, `/log?nonce=${attempt.nonce}`)
      assert.equal(status, 200)
      // What /log answers.
      const lines = JSON.parse(body) as LogLine[]
      assert.deepEqual([...new Set(lines.map((line) => line.request_id))].length, 1)
      assert.equal(lines[0]?.event, 'decided')
      assert.equal(lines.at(-1)?.code, expected.code)
      assert.equal(lines.at(-1)?.reason ?? '', reason)
      const token = new URL(attempt.url).searchParams.get('site_token')
      for (const part of token?.split('.') ?? []) assert.ok(!body.includes(part))
    })
  }
  assert.ok(!written.join('').includes(demo.token.split('.')[2] ?? demo.token))
})

test('what the page promises is what the reasons table has', () => {
  const reasons = new Map<string, { readonly code: number; readonly text: string }>(Object.entries(REASONS))
  for (const { id, expected } of SCENARIOS) {
    const { code, text } = reasons.get(expected.reason) ?? { code: 1000, text: '' }
    assert.deepEqual([expected.code, expected.text], [code, text], id)
  }
})

test('ids name one scenario each, and pages begin where the person is', () => {
  assert.equal(new Set(SCENARIOS.map(({ id }) => id)).size, SCENARIOS.length)
  for (const { pages } of SCENARIOS) assert.equal(pages[0], 'app')
})
