import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OneClient } from '../../src/observe/one-client.ts'
import { connection } from '../support/connection.ts'

const PROXY = '10.0.0.1'
const CLIENT = '203.0.113.9'
const MINUTE = 60_000

const watch = () => new OneClient(({ ip }) => ip.startsWith('10.'))

/** Sees handshakes from peers, one a millisecond from `start` on; returns what was said. */
function see(seen: OneClient, peers: readonly string[], start = 0): string[] {
  return peers.flatMap((peer, index) => seen.see(connection({ peer, clock: start + index })) ?? [])
}

const times = (count: number, ...peers: string[]) => Array.from({ length: count }, () => peers).flat()

const MINUTES: [name: string, peers: string[], said: string[], address: string | undefined][] = [
  ['all from one that looks like a proxy', times(10, PROXY), [PROXY], PROXY],
  ['too few to tell', times(9, PROXY), [], undefined],
  ['most, known at the end of the minute', times(4, CLIENT, PROXY, PROXY), [], PROXY],
  ['half is not most', times(10, PROXY, CLIENT), [], undefined],
  ['all from one that does not', times(50, CLIENT), [], undefined],
  ['two proxies, neither has most', times(20, PROXY, '10.0.0.2'), [], undefined],
  ['said once', times(100, PROXY), [PROXY], PROXY],
]

test('most clients look like one', async (t) => {
  for (const [name, peers, said, address] of MINUTES) {
    await t.test(name, () => {
      const seen = watch()
      assert.deepEqual(see(seen, peers), said)
      assert.equal(seen.address(MINUTE), address)
    })
  }
})

test('what the end of a minute showed is said with the next handshake', () => {
  const seen = watch()
  see(seen, times(10, CLIENT, PROXY, PROXY))
  assert.deepEqual(see(seen, [CLIENT], MINUTE), [PROXY])
})

test('it holds over a minute that says nothing, and ends with one that says otherwise; it is not said again', () => {
  const seen = watch()
  see(seen, times(10, PROXY))
  assert.equal(seen.address(10 * MINUTE), PROXY)
  see(seen, times(20, CLIENT), 11 * MINUTE)
  assert.equal(seen.address(13 * MINUTE), undefined)
  assert.deepEqual(see(seen, times(20, PROXY), 14 * MINUTE), [])
  assert.equal(seen.address(14 * MINUTE), PROXY)
})

test('a million addresses are not remembered', () => {
  const seen = watch()
  const peers = Array.from({ length: 100_000 }, (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`)
  assert.deepEqual(see(seen, peers), [])
})
