import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { Linger } from '../../src/proxy/linger.ts'
import { Wheel } from '../../src/proxy/wheel.ts'
import { listenTo } from '../support/raw.ts'
import { socketPair } from '../support/session.ts'

function made() {
  const state = { now: 0 }
  const wheel = new Wheel(50, 0)
  const linger = new Linger(wheel, () => state.now)
  const advance = (ms: number) => {
    state.now += ms
    wheel.tick(state.now)
  }
  return { wheel, linger, advance }
}

test('the last bytes arrive, then FIN; what comes is discarded; time ends it (trap 12)', async (t) => {
  const { wheel, linger, advance } = made()
  const { ours, theirs } = await socketPair(t)
  const client = listenTo(theirs)
  linger.end(ours, Buffer.from('last'))
  assert.equal(await client.ended, 'last')
  theirs.write(Buffer.alloc(1 << 20))
  advance(4_900)
  assert.ok(!ours.destroyed)
  advance(200)
  assert.ok(ours.destroyed)
  await once(ours, 'close')
  assert.deepEqual([linger.size, wheel.size], [0, 0])
})

test('the FIN of the client ends it, and gives the deadline back', async (t) => {
  const { wheel, linger } = made()
  const { ours, theirs } = await socketPair(t)
  linger.end(ours, Buffer.from('last'))
  theirs.resume().end()
  await once(ours, 'close')
  assert.deepEqual([linger.size, wheel.size], [0, 0])
})

test('a client that is gone already costs nothing', async (t) => {
  const { wheel, linger } = made()
  const { ours } = await socketPair(t)
  ours.destroy()
  linger.end(ours, Buffer.from('last'))
  assert.deepEqual([linger.size, wheel.size], [0, 0])
})

test('a storm is capped: the oldest goes first', async () => {
  const { linger, advance, wheel } = made()
  const sockets = Array.from(
    { length: 1_500 },
    () => new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() }),
  )
  for (const socket of sockets) linger.end(socket, Buffer.from('no'))
  await new Promise(setImmediate)
  assert.equal(linger.size, 1024)
  assert.deepEqual(
    sockets.map(({ destroyed }) => destroyed),
    sockets.map((_, index) => index < 1_500 - 1024),
  )
  advance(6_000)
  await new Promise(setImmediate)
  assert.deepEqual([linger.size, wheel.size], [0, 0])
})

test('all of them end at once where that is asked for', async (t) => {
  const { linger } = made()
  const pairs = await Promise.all([socketPair(t), socketPair(t)])
  for (const { ours } of pairs) linger.hold(ours)
  linger.destroy()
  assert.ok(pairs.every(({ ours }) => ours.destroyed))
})
