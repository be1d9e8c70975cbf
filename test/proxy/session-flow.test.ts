/** What flows through a session: order, counts, backpressure (trap 7). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOver, openSession } from '../support/session.ts'
import { slowDuplex } from '../support/slow-duplex.ts'
import { type End, eventually } from '../support/upgrades.ts'
import { bare, bareHead, closing, masked, maskedHead } from '../support/wire-frames.ts'

const texts = (end: End) => end.frames().map(({ payload }) => payload.toString())

test('pings and pongs pass end to end, and none is ours', async (t) => {
  const { client, upstream } = await openSession(t)
  client.send(masked(1, 'a', { fin: false }) + masked(9, 'ping') + masked(0, 'b'))
  upstream.send(bare(9, 'gnip') + bare(10, 'ping'))
  client.send(masked(10, 'gnip'))
  assert.deepEqual(
    (await upstream.count(4)).map(({ opcode }) => opcode),
    [1, 9, 0, 10],
  )
  assert.deepEqual(
    (await client.count(2)).map(({ opcode }) => opcode),
    [9, 10],
  )
})

test('what came with either handshake goes first', async (t) => {
  const heads = {
    clientHead: [Buffer.from(masked(1, 'c1').slice(0, 3), 'latin1'), Buffer.from(masked(1, 'c1').slice(3), 'latin1')],
  }
  const open = await openSession(t, { ...heads, upstreamHead: Buffer.from(bare(1, 'u1'), 'latin1') })
  open.client.send(masked(1, 'c2'))
  open.upstream.send(bare(1, 'u2'))
  await Promise.all([open.client.count(2), open.upstream.count(2)])
  assert.deepEqual(
    [texts(open.client), texts(open.upstream)],
    [
      ['u1', 'u2'],
      ['c1', 'c2'],
    ],
  )
})

test('what is counted is what went out', async (t) => {
  const open = await openSession(t)
  const up = masked(1, 'one') + masked(9, 'ping') + masked(2, 'x'.repeat(200))
  open.client.send(up)
  open.upstream.send(bare(1, 'four'))
  await Promise.all([open.upstream.bytes(up.length), open.client.count(1)])
  assert.deepEqual(open.session.traffic, { messagesIn: 2, messagesOut: 1, bytesIn: up.length, bytesOut: 6 })
  const totals = open.sessions.totalsOf('r')
  assert.deepEqual(
    [totals.active, totals.messagesIn, totals.bytesIn, totals.messagesOut, totals.bytesOut],
    [1, 2, up.length, 1, 6],
  )
})

test('a slow client that is still reading gets all that came before the Close, however long that takes', async (t) => {
  const slow = slowDuplex()
  const bytes =
    Array.from({ length: 6 }, (_, index) => bare(2, String(index).repeat(500))).join('') + bare(8, closing(1000))
  const open = await openSession(t, { clientSocket: slow.socket })
  // In pieces that each stand in the queue by themselves.
  const chunks = bytes.match(/[\s\S]{1,504}/g) ?? []
  for (const [index, chunk] of chunks.entries()) {
    open.upstream.send(chunk)
    await eventually(
      () => open.session.traffic.bytesOut >= Math.min((index + 1) * 504, bytes.length) || slow.socket.writableNeedDrain,
      'the chunk',
    )
    if (slow.socket.writableNeedDrain && index < chunks.length - 1) {
      while (slow.socket.writableLength > 504) {
        await slow.takeOne()
        await new Promise(setImmediate)
      }
      await slow.takeOne()
      await eventually(() => !slow.socket.writableNeedDrain, 'room')
    }
  }
  await eventually(() => open.session.traffic.bytesOut === bytes.length, 'everything relayed')
  while (slow.taken().length < bytes.length) {
    await slow.takeOne()
    if (slow.taken().length === bytes.length) break
    open.advance(5_000)
    assert.ok(!slow.socket.destroyed, `ended after ${slow.taken().length} of ${bytes.length}`)
  }
  assert.equal(slow.taken(), bytes)
  slow.socket.destroy()
  open.upstream.raw.socket.destroy()
  await isOver(open)
})

test('a client that stopped reading is gone after one time of that', async (t) => {
  const slow = slowDuplex()
  const open = await openSession(t, { clientSocket: slow.socket })
  open.upstream.send(bare(2, 'x'.repeat(100)) + bare(8, closing(1000)))
  await eventually(() => open.session.traffic.bytesOut > 100, 'relayed')
  open.advance(5_100)
  assert.deepEqual(await isOver(open), { code: 1000, reason: '', initiator: 'upstream' })
})

test('a backend that waits for a slow client is told at once when that client is gone', async (t) => {
  const slow = slowDuplex()
  const open = await openSession(t, { clientSocket: slow.socket })
  open.upstream.send(bare(2, 'x'.repeat(4000)))
  await eventually(() => slow.socket.writableNeedDrain, 'a full queue')
  slow.socket.destroy()
  assert.equal((await open.upstream.close()).code, 1001)
  open.upstream.send(bare(8, closing(1001)))
  open.upstream.raw.socket.end()
  assert.deepEqual(await isOver(open), { code: 1006, reason: '', initiator: 'client' })
})

test('backpressure: a fast writer waits for a slow reader, both ways', async (t) => {
  const size = 24 << 20
  for (const way of ['up', 'down'] as const) {
    const open = await openSession(t, { route: { validateUtf8: false } })
    const [writer, reader, queue] =
      way === 'up'
        ? [open.client, open.upstream, open.sockets.upstream]
        : [open.upstream, open.client, open.sockets.client]
    await reader.head()
    reader.raw.socket.pause()
    const header = way === 'up' ? maskedHead(2, size) : bareHead(2, size)
    writer.raw.socket.write(header, 'latin1')
    writer.raw.socket.write(Buffer.alloc(size))
    // The kernel's buffers are full when the proxy's queue is not drained any more.
    await eventually(() => queue.writableNeedDrain, 'a full queue')
    const { traffic } = open.session
    const moved = () => traffic.bytesIn + traffic.bytesOut
    let before = -1
    while (before !== moved()) {
      before = moved()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.ok(queue.writableLength <= 256 * 1024, `${queue.writableLength} queued`)
    assert.ok(moved() < size)
    reader.raw.socket.removeAllListeners('data')
    let read = reader.rest().length
    reader.raw.socket.on('data', (chunk) => {
      read += String(chunk).length
    })
    reader.raw.socket.resume()
    await eventually(() => read === size + header.length, 'all of it')
  }
})
