/** A side that does not take what is sent to it (trap 7), on a clock that the test moves. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SessionBounds } from '../../src/policy/policy.ts'
import { createShared, isOver, type OpenSession, openSession, ROUTE } from '../support/session.ts'
import { slowDuplex } from '../support/slow-duplex.ts'
import { eventually } from '../support/upgrades.ts'
import { bare, bareHead, masked, maskedHead } from '../support/wire-frames.ts'
import { IMPLEMENTATIONS } from '../support/wires.ts'

const bounded = (bounds: Partial<SessionBounds>) => ({ ...ROUTE, session: { mode: 'enforce' as const, ...bounds } })

/** A session whose client has not taken 4000 bytes, in so many messages that each stand in the queue by themselves. */
async function stalled(t: TestContext, bounds: Partial<SessionBounds>) {
  const slow = slowDuplex()
  const open = await openSession(t, { route: bounded(bounds), clientSocket: slow.socket })
  for (let index = 1; index <= 2; index++) {
    open.upstream.send(bare(2, 'x'.repeat(996)))
    await eventually(() => slow.socket.writableLength === index * 1000, 'a message in the queue')
  }
  assert.ok(slow.socket.writableNeedDrain)
  return { open, slow }
}

/** What a dry run reported, and the reasons for which it was ended. */
const told = ({ events, ends }: OpenSession): string[] => [
  ...events.flatMap((event) => (event.type === 'violated' && !event.finding.counted ? [event.finding.reason] : [])),
  ...ends.map((reason) => `ended: ${reason}`),
]

const AFTER = { code: 1013, reason: 'slow_consumer', initiator: 'proxy' }

/** The client takes nothing more: its Close waits in vain. */
async function isGone(open: OpenSession) {
  assert.deepEqual(await open.upstream.close(), { code: 1013, reason: 'Try again later' })
  open.advance(5_100)
  open.advance(5_100)
  assert.deepEqual(await isOver(open), AFTER)
}

test('a client that takes nothing for the timeout is ended, and the backend is told', async (t) => {
  const { open } = await stalled(t, { slowConsumer: { timeout: 20_000 } })
  open.advance(19_900)
  assert.deepEqual(told(open), [])
  for (let second = 0; second < 5; second++) open.advance(1_000)
  assert.deepEqual(told(open), ['ended: slow_consumer'])
  await isGone(open)
  assert.equal(open.closed()[0]?.detail, 'the client took nothing for 20 s; 2000 bytes wait')
})

test('one that takes a little, now and then, is not', async (t) => {
  const { open, slow } = await stalled(t, { slowConsumer: { timeout: 20_000 } })
  for (let second = 0; second < 15; second++) open.advance(1_000)
  await slow.takeOne()
  for (let second = 0; second < 18; second++) open.advance(1_000)
  assert.deepEqual(told(open), [])
  await slow.takeOne()
  for (let second = 0; second < 100; second++) open.advance(1_000)
  assert.deepEqual(told(open), [])
  assert.equal(open.wheel.size, 0, 'nothing is looked at any more')
  open.upstream.send(bare(2, 'y'))
  await eventually(() => slow.socket.writableLength === 3, 'it goes on')
})

test('more than the buffer waits: the end comes at the next tick', async (t) => {
  const { open } = await stalled(t, { slowConsumer: { buffer: 1_999 } })
  open.advance(50)
  await isGone(open)
  assert.equal(open.closed()[0]?.detail, '2000 bytes wait for the client')
  const less = await stalled(t, { slowConsumer: { buffer: 2_000 } })
  less.open.advance(50)
  assert.deepEqual(told(less.open), [])
})

test('a second stall is looked at as the first was', async (t) => {
  const { open, slow } = await stalled(t, { slowConsumer: { buffer: 2_500 } })
  open.advance(50)
  await slow.takeOne()
  await slow.takeOne()
  open.upstream.send(bare(2, 'x'.repeat(2_496)) + bare(2, 'x'))
  await eventually(() => slow.socket.writableLength > 2_500, 'more than the buffer')
  open.advance(50)
  assert.deepEqual(told(open), ['ended: slow_consumer'])
})

test('without any setting a minute of standstill ends it, in a dry run too', async (t) => {
  for (const bounds of [{}, { mode: 'dry-run' as const }]) {
    const { open } = await stalled(t, bounds)
    for (let second = 0; second < 59; second++) open.advance(1_000)
    assert.deepEqual(told(open), [])
    for (let second = 0; second < 17; second++) open.advance(1_000)
    assert.deepEqual(told(open), ['ended: slow_consumer'])
    await isGone(open)
  }
})

for (const [name, makeWire] of IMPLEMENTATIONS) {
  test(`a backend that is gone while its client takes nothing holds nothing for ever: ${name}`, async (t) => {
    const size = 24 << 20
    const shared = createShared()
    const open = await openSession(t, { shared: { ...shared, context: { ...shared.context, makeWire } } })
    await open.client.head()
    open.client.raw.socket.pause()
    open.upstream.raw.socket.write(bareHead(2, size), 'latin1')
    open.upstream.raw.socket.write(Buffer.alloc(size))
    await eventually(() => open.wheel.size === 1, 'a stall')
    open.upstream.raw.socket.resetAndDestroy()
    for (let second = 0; second < 59; second++) open.advance(1_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(open.state.released, 0, 'nobody has seen it')
    for (let second = 0; second < 17; second++) open.advance(1_000)
    for (let rounds = 0; rounds < 3; rounds++) open.advance(5_100)
    assert.deepEqual(await isOver(open), AFTER)
  })
}

test('a dry run reports its own timeout once, and what has no setting still holds', async (t) => {
  const { open } = await stalled(t, { mode: 'dry-run', slowConsumer: { timeout: 10_000, buffer: 100 } })
  for (let second = 0; second < 59; second++) open.advance(1_000)
  assert.deepEqual(told(open), ['slow_consumer'])
  for (let second = 0; second < 4; second++) open.advance(1_000)
  await isGone(open)
})

test('a timeout of more than a minute is what holds', async (t) => {
  const { open } = await stalled(t, { slowConsumer: { timeout: 300_000 } })
  for (let second = 0; second < 299; second++) open.advance(1_000)
  assert.deepEqual(told(open), [])
  for (let second = 0; second < 20; second++) open.advance(1_000)
  assert.deepEqual(told(open), ['ended: slow_consumer'])
})

test('a client that has something to take is neither idle nor silent, nor once it has', async (t) => {
  const { open, slow } = await stalled(t, { idle: 10_000, ping: 1_000, pong: 5_000, slowConsumer: { timeout: 50_000 } })
  for (let second = 0; second < 40; second++) open.advance(1_000)
  await slow.takeOne()
  await slow.takeOne()
  open.advance(4_900)
  assert.deepEqual(told(open), [])
  await slow.takeOne()
  assert.ok(slow.taken().includes('\x89\x0c'), 'pinged again')
  open.advance(200)
  assert.deepEqual(told(open), ['ended: pong_timeout'])
})

test('a backend that takes nothing: both sides are told to try again later', async (t) => {
  const size = 24 << 20
  const open = await openSession(t, {
    route: { ...bounded({ slowConsumer: { timeout: 10_000 }, ping: 1_000, pong: 3_000 }) },
  })
  open.upstream.raw.socket.pause()
  open.client.raw.socket.write(maskedHead(2, size), 'latin1')
  open.client.raw.socket.write(Buffer.alloc(size))
  await eventually(() => open.sockets.upstream.writableNeedDrain, 'a full queue')
  await new Promise((resolve) => setTimeout(resolve, 50))
  for (let second = 0; second < 13; second++) open.advance(1_000)
  assert.deepEqual(told(open), ['ended: slow_consumer'])
  assert.deepEqual(await open.client.close(), { code: 1013, reason: 'Try again later' })
  for (let rounds = 0; rounds < 15; rounds++) open.advance(5_100)
  assert.deepEqual(await isOver(open), AFTER)
  assert.match(open.closed()[0]?.detail ?? '', /^the backend took nothing for 10 s/)
})

test('a client that stopped reading in the middle of a message is gone with it', async (t) => {
  const size = 24 << 20
  const open = await openSession(t, { route: bounded({ slowConsumer: { timeout: 10_000 } }) })
  await open.client.head()
  open.client.raw.socket.pause()
  open.upstream.raw.socket.write(bareHead(2, size), 'latin1')
  open.upstream.raw.socket.write(Buffer.alloc(size))
  await eventually(() => open.sockets.client.writableNeedDrain, 'a full queue')
  await new Promise((resolve) => setTimeout(resolve, 50))
  for (let second = 0; second < 13; second++) open.advance(1_000)
  assert.deepEqual(told(open), ['ended: slow_consumer'])
  assert.equal((await open.upstream.close()).code, 1013)
  for (let rounds = 0; rounds < 15; rounds++) open.advance(5_100)
  assert.deepEqual(await isOver(open), AFTER)
})

test('fast sides that now and then wait for each other leave one look at most', async (t) => {
  const slow = slowDuplex()
  const open = await openSession(t, { clientSocket: slow.socket })
  for (let round = 0; round < 50; round++) {
    open.upstream.send(bare(2, 'x'.repeat(1_500)))
    await eventually(() => slow.socket.writableNeedDrain, 'a full queue')
    assert.equal(open.wheel.size, 1)
    while (slow.socket.writableLength > 0) await slow.takeOne()
    open.advance(10)
  }
  open.client.send(masked(1, 'a'))
  for (let second = 0; second < 20; second++) open.advance(1_000)
  assert.equal(open.wheel.size, 0)
})
