import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Limiters } from '../../src/limits/limiters.ts'

const RATES = [{ count: 1, windowMs: 1000 }]

test('the same limiter keeps its table, another has its own', () => {
  const limiters = new Limiters()
  const table = limiters.get('widget.messages.perIp', RATES, 10)
  assert.equal(limiters.get('widget.messages.perIp', [{ count: 1, windowMs: 1000 }], 10), table)
  assert.notEqual(limiters.get('widget.messages.perUser', RATES, 10), table)
  const others = [
    [[{ count: 2, windowMs: 1000 }], 10],
    [[{ count: 1, windowMs: 1001 }], 10],
    [[...RATES, ...RATES], 10],
    [RATES, 11],
  ] as const
  for (const [rates, max] of others) {
    const other = limiters.get('widget.messages.perIp', rates, max)
    assert.notEqual(other, table)
    assert.equal(limiters.get('widget.messages.perIp', rates, max), other)
  }
})

test('what a key used outlives a reload that keeps the limiter', () => {
  const limiters = new Limiters()
  assert.equal(limiters.get('handshakes.perIp', RATES, 10).take('203.0.113.7', 0), true)
  limiters.retain(new Set(['handshakes.perIp']))
  assert.equal(limiters.get('handshakes.perIp', RATES, 10).take('203.0.113.7', 500), false)
})

test('a limiter that no policy asks for is dropped', () => {
  const limiters = new Limiters()
  const names = ['a', 'b', '__proto__']
  for (const name of names) limiters.get(name, RATES, 10)
  assert.deepEqual(
    [...limiters].map(([name]) => name),
    names,
  )
  limiters.retain(new Set(['b', 'c']))
  assert.deepEqual(
    [...limiters].map(([name]) => name),
    ['b'],
  )
})
