import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handshakes } from '../../src/checks/handshakes.ts'
import { Limiters } from '../../src/limits/limiters.ts'
import type { Connection } from '../../src/policy/connection.ts'
import type { Verdict } from '../../src/policy/verdict.ts'
import { assembly, conclusion, handshakeCheck } from '../support/check.ts'
import { connection } from '../support/connection.ts'

const at = (clock: number, peer = '203.0.113.9'): Connection => ({ ...connection({ peer }), clock })

/** The check, which never waits. */
function checking(perIp: string | string[], limiters = new Limiters(), scope = 'chat') {
  const check = handshakeCheck(handshakes, { perIp }, assembly({ scope }, limiters))
  // It awaits nothing.
  return (one: Connection) => check(one) as Verdict
}

const CASES: [name: string, perIp: string | string[], from: Connection[], expected: string[]][] = [
  ['up to the rate', '2/s', [at(0), at(1), at(2)], ['pass', 'pass', 'connection_rate']],
  ['a window later', '1/s', [at(0), at(999), at(1000)], ['pass', 'connection_rate', 'pass']],
  ['several rates', ['2/s', '3/min'], [at(0), at(1), at(1001), at(2001)], ['pass', 'pass', 'pass', 'connection_rate']],
  ['two addresses', '1/s', [at(0), at(0, '203.0.113.10')], ['pass', 'pass']],
  ['one IPv6 network', '1/s', [at(0, '2001:db8::1'), at(0, '2001:db8::2')], ['pass', 'connection_rate']],
  ['none given', [], [at(0), at(0)], ['pass', 'pass']],
]

for (const [name, perIp, from, expected] of CASES) {
  test(name, () => {
    const check = checking(perIp)
    assert.deepEqual(
      from.map((one) => conclusion(check(one))),
      expected,
    )
  })
}

test('what is taken back has not counted', () => {
  const check = checking('1/s')
  const first = check(at(0))
  assert.ok(first.ok)
  first.undo?.()
  assert.deepEqual([check(at(1)).ok, check(at(2)).ok], [true, false])
})

test('it outlives a reload, and the rates of two scopes are two', () => {
  const limiters = new Limiters()
  assert.ok(checking('1/s', limiters)(at(0)).ok)
  assert.equal(checking('1/s', limiters)(at(1)).ok, false)
})

test('a refusal says which rate, and when there is room', () => {
  const check = checking('1/s', new Limiters(), '')
  check(at(100))
  const detail = 'perIp allows 1 in 1 s (over all routes)'
  assert.deepEqual(check(at(200)), { ok: false, reason: 'connection_rate', detail, retryAt: 1100 })
})
