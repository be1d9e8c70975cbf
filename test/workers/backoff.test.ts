import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backoff } from '../../src/workers/backoff.ts'

test('who dies again and again at its start waits longer each time, up to half a minute', () => {
  const backoff = new Backoff(() => 1000)
  const waits = Array.from({ length: 11 }, () => backoff.after({ number: 1, startedAt: 500 }))
  assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
  assert.equal(backoff.after({ number: 2, startedAt: 500 }), 100)
})

test('who served for a while is replaced at once, and is not held against the next', () => {
  const backoff = new Backoff(() => 60_000)
  backoff.after({ number: 1, startedAt: 59_999 })
  assert.equal(backoff.after({ number: 1, startedAt: 50_000 }), 0)
  assert.equal(backoff.after({ number: 1, startedAt: 59_999 }), 100)
})
