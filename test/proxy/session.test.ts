/** How a session relays and ends: traps 7, 10 to 13, 38, 44. */
import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import type { FrameStep } from '../../src/policy/check.ts'
import { pass, refuse } from '../../src/policy/verdict.ts'
import { createShared, type OpenSession, openSession, START } from '../support/session.ts'
import { type End, eventually, within } from '../support/upgrades.ts'
import { bare, bareHead, closeOf, closing, masked, maskedHead } from '../support/wire-frames.ts'

const DAY = 86_400_000

/** Nothing is left of it, and its end was told once. */
async function isOver(open: OpenSession): Promise<{ code: number; reason: string; initiator: string }> {
  const { code, reason, initiator } = await within(open.over(), () => 'the end of the session')
  assert.equal(open.closed().length, 1)
  assert.equal(open.state.released, 1)
  assert.equal(open.wheel.size, 0)
  assert.equal(open.sessions.size, 0)
  assert.equal(open.sessions.totalsOf('r').active, 0)
  assert.ok(open.sockets.client.destroyed && open.sockets.upstream.destroyed)
  return { code, reason, initiator }
}

const texts = (end: End) => end.frames().map(({ payload }) => payload.toString())

const CODES: [name: string, payload: Buffer, code: number, reason: string][] = [
  ['1000', closing(1000), 1000, ''],
  ['a private code with a reason', closing(4321, 'because'), 4321, 'because'],
  ['123 bytes of reason', closing(3000, `${'ü'.repeat(61)}!`), 3000, `${'ü'.repeat(61)}!`],
  ['none (1005)', Buffer.alloc(0), 1005, ''],
]

test('a Close passes both ways, and TCP ends after it: from the client', async (t) => {
  for (const [name, payload, code, reason] of CODES) {
    const open = await openSession(t)
    open.client.send(masked(8, payload))
    assert.deepEqual(await open.upstream.close(), { code, reason }, name)
    assert.ok(open.upstream.frames().every(({ isMasked }) => isMasked))
    open.upstream.send(bare(8, payload))
    open.upstream.raw.socket.end()
    assert.deepEqual(await open.client.close(), { code, reason }, name)
    await open.client.ended()
    open.client.raw.socket.end()
    assert.deepEqual(await isOver(open), { code, reason: '', initiator: 'client' }, name)
  }
})

test('a Close passes both ways, and TCP ends after it: from the backend', async (t) => {
  for (const [name, payload, code, reason] of CODES) {
    const open = await openSession(t)
    open.upstream.send(bare(1, 'last words') + bare(8, payload))
    open.upstream.raw.socket.end()
    assert.deepEqual(await open.client.close(), { code, reason }, name)
    assert.equal(texts(open.client)[0], 'last words')
    open.client.send(masked(8, payload))
    assert.deepEqual(await open.upstream.close(), { code, reason }, name)
    open.client.raw.socket.end()
    await open.upstream.ended()
    assert.deepEqual(await isOver(open), { code, reason: '', initiator: 'upstream' }, name)
  }
})

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

test('a client that vanishes is 1001 for the backend; one that is cut off, FIN alone', async (t) => {
  const cases: [name: string, before: string, leave: (end: End) => void, close: number | undefined][] = [
    ['FIN', masked(1, 'a'), ({ raw }) => void raw.socket.end(), 1001],
    ['reset', masked(1, 'a'), ({ raw }) => void raw.socket.resetAndDestroy(), 1001],
    ['FIN in a header', `${masked(1, 'a')}\x81`, ({ raw }) => void raw.socket.end(), 1001],
    ['FIN in a payload', masked(1, 'abc').slice(0, -1), ({ raw }) => void raw.socket.end(), undefined],
    ['reset in a payload', masked(1, 'abc').slice(0, -1), ({ raw }) => void raw.socket.resetAndDestroy(), undefined],
    ['FIN between fragments', masked(1, 'a', { fin: false }), ({ raw }) => void raw.socket.end(), 1001],
  ]
  for (const [name, before, leave, close] of cases) {
    const open = await openSession(t)
    open.client.send(before)
    await open.upstream.bytes(Math.min(before.length, 7))
    leave(open.client)
    await open.upstream.ended()
    const last = open.upstream.frames().at(-1)
    assert.equal(last && closeOf(last)?.code, close, name)
    open.upstream.raw.socket.end()
    open.client.raw.socket.destroy()
    assert.deepEqual(await isOver(open), { code: 1006, reason: '', initiator: 'client' }, name)
  }
})

test('a backend that vanishes is 1014 for the client; one that is cut off, FIN alone', async (t) => {
  const cases: [name: string, before: string, leave: (end: End) => void, told: boolean][] = [
    ['FIN', bare(1, 'a'), ({ raw }) => void raw.socket.end(), true],
    ['reset', bare(1, 'a'), ({ raw }) => void raw.socket.resetAndDestroy(), true],
    ['FIN in a payload', bare(1, 'abc').slice(0, -1), ({ raw }) => void raw.socket.end(), false],
    ['reset in a payload', bare(1, 'abc').slice(0, -1), ({ raw }) => void raw.socket.resetAndDestroy(), false],
  ]
  for (const [name, before, leave, told] of cases) {
    const open = await openSession(t)
    open.upstream.send(before)
    await open.client.bytes(3)
    leave(open.upstream)
    await open.client.ended()
    const last = open.client.frames().at(-1)
    assert.deepEqual(last && closeOf(last), told ? { code: 1014, reason: 'Bad gateway' } : undefined, name)
    open.client.raw.socket.end()
    open.upstream.raw.socket.destroy()
    assert.deepEqual(await isOver(open), { code: told ? 1014 : 1006, reason: '', initiator: 'upstream' }, name)
  }
})

test('half-close is respected: what the other side still sends within 5 s is delivered', async (t) => {
  const open = await openSession(t)
  open.client.raw.socket.end()
  await open.upstream.ended()
  for (const text of ['still', 'here']) open.upstream.send(bare(1, text))
  await open.client.count(2)
  open.advance(4_900)
  open.upstream.send(bare(1, 'late'))
  await open.client.count(3)
  assert.deepEqual(texts(open.client), ['still', 'here', 'late'])
  open.advance(200)
  assert.deepEqual(await isOver(open), { code: 1006, reason: '', initiator: 'client' })

  const other = await openSession(t)
  other.upstream.raw.socket.end()
  await other.client.ended()
  other.client.send(masked(1, 'to the backend'))
  await other.upstream.count(1)
  assert.deepEqual(texts(other.upstream), ['to the backend'])
  other.advance(5_100)
  await isOver(other)
})

test('a peer that never answers our Close is gone 5 s after it (trap 44)', async (t) => {
  const open = await openSession(t)
  open.session.end('ended_by_operator')
  assert.deepEqual(await open.client.close(), { code: 1008, reason: 'Connection ended' })
  assert.deepEqual(await open.upstream.close(), { code: 1008, reason: 'Connection ended' })
  assert.deepEqual(
    open.upstream.frames().map(({ isMasked }) => isMasked),
    [true],
  )
  assert.deepEqual(
    open.client.frames().map(({ isMasked }) => isMasked),
    [false],
  )
  open.advance(4_900)
  assert.ok(!open.sockets.client.destroyed)
  // What still arrives changes nothing.
  open.client.send(masked(1, 'more').repeat(100))
  open.upstream.send(bare(1, 'more').repeat(100))
  open.advance(200)
  assert.deepEqual(await isOver(open), { code: 1008, reason: 'ended_by_operator', initiator: 'proxy' })
  assert.equal(open.upstream.frames().length, 1)
})

test('a peer that answers our Close but never ends TCP is gone, too', async (t) => {
  const open = await openSession(t)
  open.session.end('shutting_down')
  await Promise.all([open.client.close(), open.upstream.close()])
  open.client.send(masked(8, closing(1012)))
  open.upstream.send(bare(8, closing(1012)))
  await Promise.all([open.client.ended(), open.upstream.ended()])
  open.advance(5_100)
  assert.deepEqual(await isOver(open), { code: 1012, reason: 'shutting_down', initiator: 'proxy' })
})

test('a peer that sends Close and then nothing, to a side that never answers', async (t) => {
  for (const from of ['client', 'upstream'] as const) {
    const open = await openSession(t)
    if (from === 'client') open.client.send(masked(8, closing(1000)))
    else open.upstream.send(bare(8, closing(1000)))
    await (from === 'client' ? open.upstream : open.client).close()
    open.advance(5_100)
    assert.deepEqual(await isOver(open), { code: 1000, reason: '', initiator: from })
  }
})

test('both sides that answer end at once: no timer is waited for', async (t) => {
  const open = await openSession(t)
  open.session.end('session_idle')
  await Promise.all([open.client.close(), open.upstream.close()])
  open.client.send(masked(8, closing(1001)))
  open.upstream.send(bare(8, closing(1001)))
  await Promise.all([open.client.ended(), open.upstream.ended()])
  open.client.raw.socket.end()
  open.upstream.raw.socket.end()
  assert.deepEqual(await isOver(open), { code: 1001, reason: 'session_idle', initiator: 'proxy' })
})

test('our Close waits for the end of the frame that the other side is sending', async (t) => {
  const open = await openSession(t)
  open.upstream.send(bareHead(2, 1000) + 'x'.repeat(400))
  open.client.send(maskedHead(2, 1000) + 'y'.repeat(400))
  await Promise.all([open.client.bytes(404), open.upstream.bytes(408)])
  open.session.end('ended_by_operator')
  open.upstream.send('x'.repeat(600) + bare(1, 'not this'))
  open.client.send('y'.repeat(600) + masked(1, 'nor this'))
  await Promise.all([open.client.close(), open.upstream.close()])
  for (const end of [open.client, open.upstream]) {
    assert.deepEqual(
      end.frames().map(({ opcode, payload }) => [opcode, payload.length > 500 ? 'big' : 'small']),
      [
        [2, 'big'],
        [8, 'small'],
      ],
    )
  }
})

test('a client that breaks the protocol gets its 1002 after the frame that it is being sent', async (t) => {
  const open = await openSession(t)
  open.upstream.send(bareHead(2, 1000) + 'x'.repeat(400))
  await open.client.bytes(404)
  open.client.send(masked(3, 'reserved'))
  assert.equal((await open.upstream.close()).code, 1002)
  open.upstream.send('x'.repeat(600))
  await open.client.ended()
  assert.deepEqual(
    open.client.frames().map((frame) => closeOf(frame)?.code ?? frame.payload.length),
    [1000, 1002],
  )
  open.client.raw.socket.end()
  open.upstream.raw.socket.end()
  assert.deepEqual(await isOver(open), { code: 1002, reason: 'protocol_error', initiator: 'proxy' })
})

test('a client that answers our Close before it came gets the rest of its frame all the same', async (t) => {
  const open = await openSession(t)
  open.upstream.send(bareHead(2, 1000) + 'x'.repeat(400))
  await open.client.bytes(404)
  open.session.end('session_idle')
  open.client.send(masked(8, closing(1000)))
  await open.upstream.close()
  open.upstream.send('x'.repeat(600))
  await open.client.ended()
  assert.deepEqual(
    open.client.frames().map((frame) => closeOf(frame)?.code ?? frame.payload.length),
    [1000, 1001],
  )
})

test('a breach by the client: told to both, never forwarded, counted', async (t) => {
  const cases: [bytes: string, code: number, reason: string][] = [
    [masked(3, 'x'), 1002, 'protocol_error'],
    [masked(1, Buffer.from([0xff])), 1007, 'message_invalid'],
    ['\x82\xff\0\x20\0\0\0\0\0\0abcd', 1009, 'message_too_big'],
  ]
  for (const [bytes, code, reason] of cases) {
    const open = await openSession(t)
    open.client.send(masked(1, 'good') + bytes)
    assert.equal((await open.client.close()).code, code)
    assert.equal((await open.upstream.close()).code, code)
    assert.deepEqual(
      open.upstream.frames().map(({ opcode }) => opcode),
      [1, 8],
    )
    open.client.raw.socket.destroy()
    open.upstream.raw.socket.destroy()
    assert.deepEqual(await isOver(open), { code, reason, initiator: 'proxy' })
    assert.deepEqual([...(open.closed()[0]?.violations ?? [])], [[reason, 1]])
    assert.equal(open.events.filter(({ type }) => type === 'violated').length, 1)
  }
})

test('a backend that breaks the protocol is a bad gateway for the client, and is told (trap 46)', async (t) => {
  for (const bytes of [bare(3, 'x'), masked(1, 'masked'), bare(8, 'x')]) {
    const open = await openSession(t)
    open.upstream.send(bare(1, 'good') + bytes)
    assert.deepEqual(await open.client.close(), { code: 1014, reason: 'Bad gateway' })
    assert.equal((await open.upstream.close()).code, 1002)
    assert.deepEqual(
      open.client.frames().map(({ opcode }) => opcode),
      [1, 8],
    )
    open.client.raw.socket.destroy()
    open.upstream.raw.socket.destroy()
    assert.deepEqual(await isOver(open), { code: 1014, reason: 'protocol_error', initiator: 'upstream' })
  }
})

test('in a dry run a breach passes, both ways, and is reported', async (t) => {
  const open = await openSession(t, { route: { mode: 'dry-run' } })
  const bytes = masked(3, 'x') + masked(1, 'good') + bare(1, 'unmasked')
  open.client.send(bytes)
  assert.equal(await open.upstream.bytes(bytes.length), bytes)
  open.upstream.send(bare(3, 'x') + bare(1, 'good'))
  await open.client.count(2)
  open.client.raw.socket.destroy()
  open.upstream.raw.socket.destroy()
  await isOver(open)
  const [closed] = open.closed()
  assert.deepEqual([...(closed?.violations ?? [])], [['protocol_error', 1]])
})

const step = (mode: FrameStep['mode']): FrameStep => ({
  check: 'test',
  mode,
  id: `test ${mode}`,
  begin: () => (frame) => (frame.length === 6 ? refuse('message_rate', 'six') : pass),
})

test('a frame that a check refuses ends both sides; in a dry run it passes', async (t) => {
  const open = await openSession(t, { route: { frames: [step('enforce')] } })
  open.client.send(masked(1, 'good') + masked(1, 'refuse') + masked(1, 'after'))
  const told = { code: 1008, reason: 'Rate limit exceeded' }
  assert.deepEqual([await open.client.close(), await open.upstream.close()], [told, told])
  assert.equal(open.upstream.frames().length, 2)

  const dry = await openSession(t, { route: { frames: [step('dry-run')] } })
  dry.client.send(masked(1, 'refuse') + masked(1, 'refuse') + masked(1, 'after'))
  await dry.upstream.count(3)
  assert.deepEqual(texts(dry.upstream), ['refuse', 'refuse', 'after'])
  assert.equal(dry.events.filter(({ type }) => type === 'violated').length, 1)
})

test('a reload gives an open session its new checks', async (t) => {
  const open = await openSession(t)
  open.client.send(masked(1, 'refuse'))
  await open.upstream.count(1)
  const { ROUTE } = await import('../support/session.ts')
  open.session.adopt({ ...ROUTE, frames: [step('enforce')] })
  open.client.send(masked(1, 'refuse'))
  assert.equal((await open.client.close()).code, 1008)
})

test('a session ends with its token, not before (trap 6)', async (t) => {
  const open = await openSession(t, { expiresAt: START + 60 * DAY })
  for (const days of [1, 28, 30.9]) open.advance(days * DAY)
  open.client.send(masked(1, 'alive'))
  await open.upstream.count(1)
  open.advance(DAY)
  assert.deepEqual(await open.client.close(), { code: 4401, reason: 'Invalid or expired authentication token' })
  open.advance(5_100)
  assert.deepEqual(await isOver(open), { code: 4401, reason: 'token_expired', initiator: 'proxy' })
})

test('in a dry run of the token check its end is reported, and the session goes on', async (t) => {
  const open = await openSession(t, { expiresAt: START + 1000, route: { tokenMode: 'dry-run' } })
  open.advance(2000)
  open.client.send(masked(1, 'alive'))
  await open.upstream.count(1)
  assert.equal(open.events[0]?.type, 'violated')
})

test('a token that had ended before the answer ends the session at the first tick', async (t) => {
  const open = await openSession(t, { expiresAt: START - 1 })
  open.advance(100)
  assert.equal((await open.client.close()).code, 4401)
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

/** A client that takes what is written only when told. */
function slowDuplex() {
  const taken: Buffer[] = []
  const waiting: (() => void)[] = []
  const socket = new Duplex({
    allowHalfOpen: true,
    highWaterMark: 1024,
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      waiting.push(() => {
        taken.push(chunk)
        done()
      })
    },
  })
  return { socket, takeOne: () => waiting.shift()?.(), taken: () => Buffer.concat(taken).toString('latin1') }
}

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
        slow.takeOne()
        await new Promise(setImmediate)
      }
      slow.takeOne()
      await eventually(() => !slow.socket.writableNeedDrain, 'room')
    }
  }
  await eventually(() => open.session.traffic.bytesOut === bytes.length, 'everything relayed')
  while (slow.taken().length < bytes.length) {
    open.advance(5_000)
    assert.ok(!slow.socket.destroyed, `ended after ${slow.taken().length} of ${bytes.length}`)
    slow.takeOne()
    await new Promise(setImmediate)
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

test('a fault of ours ends the session, not the process', async (t) => {
  const broken: FrameStep = {
    ...step('enforce'),
    begin: () => () => {
      throw new Error('fault')
    },
  }
  const open = await openSession(t, { route: { frames: [broken] } })
  open.client.send(masked(1, 'x'))
  assert.deepEqual(await open.client.close(), { code: 1011, reason: 'Internal error' })
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

/** Node cannot reset a connection that is sending FIN, and leaks its handle where it tries. */
function reset({ raw: { socket } }: End): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

/** What may happen to a session, in any order. */
const happenings = {
  'client sends': ({ client }) => client.send(masked(1, 'text')),
  'client sends half': ({ client }) => client.send(`${maskedHead(2, 10)}half`),
  'client closes': ({ client }) => client.send(masked(8, closing(1000))),
  'client breaks': ({ client }) => client.send(masked(3, 'x')),
  'client FIN': ({ client }) => void client.raw.socket.end(),
  'client reset': ({ client }) => reset(client),
  'upstream sends': ({ upstream }) => upstream.send(bare(1, 'text')),
  'upstream sends half': ({ upstream }) => upstream.send(`${bareHead(2, 10)}half`),
  'upstream closes': ({ upstream }) => upstream.send(bare(8, closing(1000))),
  'upstream breaks': ({ upstream }) => upstream.send(bare(3, 'x')),
  'upstream FIN': ({ upstream }) => void upstream.raw.socket.end(),
  'upstream reset': ({ upstream }) => reset(upstream),
  'we end': ({ session }) => session.end('ended_by_operator'),
  'time passes': ({ advance }) => advance(2_000),
  turn: () => {},
} satisfies Record<string, (open: OpenSession) => void>

test('whatever happens in whatever order: one end, everything given back, nothing left', async (t) => {
  const names = Object.keys(happenings) as (keyof typeof happenings)[]
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...names), fc.boolean()), { maxLength: 12 }), async (steps) => {
      const open = await openSession(t, { shared: createShared() })
      for (const [name, waits] of steps) {
        happenings[name](open)
        if (waits) await new Promise((resolve) => setTimeout(resolve, 1))
      }
      open.session.end('shutting_down')
      for (let round = 0; round < 14; round++) open.advance(5_000)
      await isOver(open)
      assertWellFormed(open.client)
      assertWellFormed(open.upstream)
    }),
    { numRuns: 60 },
  )
})

/** At most one Close, and nothing after it. */
function assertWellFormed(end: End): void {
  const frames = end.frames()
  const closes = frames.filter(({ opcode }) => opcode === 8)
  assert.ok(closes.length <= 1)
  if (closes.length === 1) assert.equal(frames.at(-1)?.opcode, 8)
}
