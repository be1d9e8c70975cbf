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
  const table = limiters.renew(() => limiters.get('handshakes.perIp', RATES, 10))
  assert.equal(table.take('203.0.113.7', 500), false)
  assert.equal(limiters.get('handshakes.perIp', RATES, 10), table)
})

test('a limiter that no policy asks for is dropped', () => {
  const limiters = new Limiters()
  const names = ['a', 'b', '__proto__']
  for (const name of names) limiters.get(name, RATES, 10)
  assert.deepEqual(
    [...limiters].map(([name]) => name),
    names,
  )
  limiters.renew(() => ['c', 'b'].map((name) => limiters.get(name, RATES, 10)))
  assert.deepEqual(
    [...limiters].map(([name]) => name),
    ['c', 'b'],
  )
})

test('where a policy cannot be made, the limiters are those of the one before', () => {
  const limiters = new Limiters()
  const table = limiters.get('a', RATES, 10)
  const makeBad = () => {
    limiters.get('a', RATES, 11)
    limiters.get('b', RATES, 10)
    throw new Error('no policy')
  }
  assert.throws(() => limiters.renew(makeBad), /no policy/)
  assert.deepEqual([...limiters], [['a', table]])
  assert.equal(limiters.get('a', RATES, 10), table)
})
