/** How a session ends: traps 10, 12, 38, 44. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOver, openSession } from '../support/session.ts'
import { type End, eventually } from '../support/upgrades.ts'
import { bare, closeOf, closing, masked } from '../support/wire-frames.ts'

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

test('what a policy ends is not FIN for the client before it answers, however soon the backend is gone', async (t) => {
  for (const answer of ['Close', 'FIN'] as const) {
    const open = await openSession(t)
    open.session.end('message_rate')
    await open.upstream.close()
    open.upstream.send(bare(8, closing(1008)))
    open.upstream.raw.socket.end()
    assert.equal((await open.client.close()).code, 1008)
    open.client.send(masked(1, 'on its way already'))
    await eventually(() => open.upstream.raw.socket.readableEnded, 'the end of the backend')
    assert.ok(!open.client.raw.socket.readableEnded, 'FIN before its Close')
    if (answer === 'Close') open.client.send(masked(8, closing(1008)))
    else open.client.raw.socket.end()
    await open.client.ended()
    open.client.raw.socket.end()
    assert.deepEqual(await isOver(open), { code: 1008, reason: 'message_rate', initiator: 'proxy' })
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

test('how long it was open does not change with the date', async (t) => {
  const open = await openSession(t)
  open.advance(1234)
  open.state.jumped = -3_600_000
  open.client.raw.socket.destroy()
  open.upstream.raw.socket.destroy()
  await isOver(open)
  assert.equal(open.closed()[0]?.durationMs, 1234)
})
