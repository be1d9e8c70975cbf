/** What a session does not let through, and where its own Close goes in: traps 11, 13, 46. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FrameStep } from '../../src/policy/check.ts'
import { frameStep, isOver, openSession } from '../support/session.ts'
import type { End } from '../support/upgrades.ts'
import { bare, bareHead, closeOf, closing, masked, maskedHead } from '../support/wire-frames.ts'

const texts = (end: End) => end.frames().map(({ payload }) => payload.toString())

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

test('a frame that a check refuses ends both sides; in a dry run it passes', async (t) => {
  const open = await openSession(t, { route: { frames: [frameStep('enforce')] } })
  open.client.send(masked(1, 'good') + masked(1, 'refuse') + masked(1, 'after'))
  const told = { code: 1008, reason: 'Rate limit exceeded' }
  assert.deepEqual([await open.client.close(), await open.upstream.close()], [told, told])
  assert.equal(open.upstream.frames().length, 2)

  const dry = await openSession(t, { route: { frames: [frameStep('dry-run')] } })
  dry.client.send(masked(1, 'refuse') + masked(1, 'refuse') + masked(1, 'after'))
  await dry.upstream.count(3)
  assert.deepEqual(texts(dry.upstream), ['refuse', 'refuse', 'after'])
  assert.equal(dry.events.filter(({ type }) => type === 'violated').length, 1)
})

test('a fault of ours ends the session, not the process', async (t) => {
  const broken: FrameStep = {
    ...frameStep('enforce'),
    begin: () => () => {
      throw new Error('fault')
    },
  }
  const open = await openSession(t, { route: { frames: [broken] } })
  open.client.send(masked(1, 'x'))
  assert.deepEqual(await open.client.close(), { code: 1011, reason: 'Internal error' })
})
