/** What every wire promises; the portable one is tested here. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { socketWire, type Wire } from '../../src/proxy/wire.ts'
import { listenTo } from '../support/raw.ts'
import { socketPair } from '../support/session.ts'
import { eventually } from '../support/upgrades.ts'

async function made(t: TestContext) {
  const { ours, theirs } = await socketPair(t)
  ours.on('error', () => {})
  const events: string[] = []
  const chunks: Buffer[] = []
  const wire: Wire = socketWire(ours, {
    read: (chunk) => void chunks.push(Buffer.from(chunk)),
    drained: () => void events.push('drained'),
    ended: () => void events.push('ended'),
    closed: () => void events.push('closed'),
  })
  return { wire, ours, theirs, events, read: () => Buffer.concat(chunks) }
}

test('nothing is read before resume, everything after, in order', async (t) => {
  const { wire, theirs, ours, read, events } = await made(t)
  theirs.end('one two')
  await new Promise(setImmediate)
  assert.equal(read().length, 0)
  wire.resume()
  await once(ours, 'end')
  assert.equal(String(read()), 'one two')
  await eventually(() => events.includes('ended'), 'the end')
  wire.end()
  await once(ours, 'close')
  assert.deepEqual(events, ['ended', 'closed'])
})

test('pause stops the peer, resume loses nothing', async (t) => {
  const { wire, theirs, read } = await made(t)
  const bytes = Buffer.alloc(4 << 20, 'pattern of an odd length')
  wire.resume()
  theirs.end(bytes)
  for (let round = 0; read().length < bytes.length && round < 10_000; round++) {
    wire.pause()
    await new Promise(setImmediate)
    wire.resume()
    await new Promise(setImmediate)
  }
  assert.ok(read().equals(bytes))
})

test('a false write is followed by drained; what is queued is told', async (t) => {
  const { wire, theirs, events } = await made(t)
  theirs.pause()
  let bytes = 0
  while (wire.write(Buffer.alloc(65_536))) bytes += 65_536
  assert.ok(wire.queued() > 0)
  const peer = listenTo(theirs)
  theirs.resume()
  await eventually(() => events.includes('drained'), 'drained')
  assert.equal(wire.queued(), 0)
  wire.end()
  assert.equal((await peer.ended).length, bytes + 65_536)
})

test('after end and destroy a write is swallowed, and nothing throws', async (t) => {
  const { wire, theirs, events } = await made(t)
  wire.resume()
  wire.end()
  assert.equal(wire.write(Buffer.from('late')), true)
  wire.end()
  wire.destroy()
  wire.destroy()
  assert.equal(wire.write(Buffer.from('later')), true)
  assert.equal(await listenTo(theirs).ended, '')
  await eventually(() => events.includes('closed'), 'closed')
  assert.deepEqual(events, ['closed'])
})

test('a reset is an end without FIN: closed, once', async (t) => {
  const { wire, theirs, events } = await made(t)
  wire.resume()
  theirs.resetAndDestroy()
  await eventually(() => events.includes('closed'), 'closed')
  assert.deepEqual(events, ['closed'])
})
