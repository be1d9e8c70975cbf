/** Sessions whose messages are read, over real sockets: what clients are told, and what a reload changes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageStep } from '../../src/policy/check.ts'
import { pass, refuse } from '../../src/policy/verdict.ts'
import { isOver, openSession, ROUTE } from '../support/session.ts'
import { eventually } from '../support/upgrades.ts'
import { bare, bareHead, closing, masked } from '../support/wire-frames.ts'

const refusing = (more: Partial<MessageStep> = {}): MessageStep => ({
  check: 'messageContent',
  mode: 'enforce',
  id: 'x',
  maxBytes: 1000,
  exceeding: { action: 'error', maxDelay: 0, notice: 'no' },
  begin: () => (message) => (message.payload[0] === 0x58 ? refuse('message_invalid', 'an X') : pass),
  ...more,
})

const BAD = masked(1, 'X')
const NO = bare(1, 'no')

test('a client is told, the connection stays open, and the violation is counted', async (t) => {
  const open = await openSession(t, { route: { messages: refusing() } })
  open.client.send(masked(1, 'one') + BAD + masked(1, 'two') + BAD)
  await open.client.count(2)
  await open.upstream.count(2)
  assert.deepEqual(
    open.upstream.frames().map(({ payload }) => String(payload)),
    ['one', 'two'],
  )
  assert.deepEqual(
    open.client.frames().map(({ payload }) => String(payload)),
    ['no', 'no'],
  )
  assert.deepEqual(open.session.traffic.messagesIn, 2)
  const violated = open.events.flatMap((event) => (event.type === 'violated' ? [event.finding.action] : []))
  assert.deepEqual(violated, ['error'])
  assert.deepEqual(
    [...open.sessions.totalsOf('r').violations.values()],
    [{ reason: 'message_invalid', action: 'error', count: 2 }],
  )
})

test('it is told between two messages of the backend, never inside one (trap 11)', async (t) => {
  const open = await openSession(t, { route: { messages: refusing() } })
  await open.client.raw.until('\r\n\r\n')
  const message = bare(1, 'first', { fin: false }) + bare(9) + bare(0, 'second')
  for (const [before, after] of [
    [message.slice(0, 3), message.slice(3)],
    [message.slice(0, 7), message.slice(7)],
    [message.slice(0, -2), message.slice(-2)],
    [bare(1, 'a', { fin: false }), bare(0)],
  ] as const) {
    const had = open.client.raw.received().length
    open.upstream.send(before)
    await eventually(() => open.client.raw.received().length >= had + before.length, 'its beginning')
    const seen = open.session.traffic.messagesIn
    open.client.send(`${BAD}${BAD}${masked(1, 'x')}`)
    await eventually(() => open.session.traffic.messagesIn > seen, 'the client was read')
    open.upstream.send(after)
    const expected = before + after + NO + NO
    await eventually(() => open.client.raw.received().length >= had + expected.length, 'the answers')
    assert.equal(open.client.raw.received().slice(had), expected)
  }
})

test('inside a message without an end only so many answers wait', async (t) => {
  const open = await openSession(t, { route: { messages: refusing() } })
  open.upstream.send(bare(1, 'a', { fin: false }))
  await eventually(() => open.client.raw.received().includes('a'), 'its beginning')
  open.client.send(BAD.repeat(50) + masked(1, 'x'))
  await open.upstream.count(1)
  const had = open.client.raw.received().length
  open.upstream.send(bare(0))
  await eventually(() => open.client.raw.received().length >= had + 2 + 8 * NO.length, 'the answers')
  assert.equal(open.client.raw.received().slice(had), bare(0) + NO.repeat(8))
})

test('a client that does not read is not answered without end', async (t) => {
  const open = await openSession(t, {
    route: { messages: refusing({ exceeding: { action: 'error', maxDelay: 0, notice: 'n'.repeat(4000) } }) },
  })
  open.client.raw.socket.pause()
  for (let count = 0; count < 200; count++) open.client.send(BAD.repeat(100))
  open.client.send(masked(1, 'last'))
  await open.upstream.count(1)
  assert.ok(open.sockets.client.writableLength < 200_000, String(open.sockets.client.writableLength))
})

test('what the backend sends ends the session where it is denied', async (t) => {
  const outbound = refusing({ exceeding: { action: 'close', maxDelay: 0 } })
  const open = await openSession(t, {
    route: { outbound: { ...outbound, begin: () => () => refuse('outbound_denied', 'a secret') } },
  })
  open.upstream.send(bare(1, 'secret'))
  assert.deepEqual(await open.client.close(), { code: 1011, reason: 'Internal error' })
  assert.equal((await open.upstream.close()).code, 1011)
  assert.equal(open.client.frames().length, 1)
  for (const { raw } of [open.client, open.upstream]) raw.socket.end()
  assert.deepEqual(await isOver(open), { code: 1011, reason: 'outbound_denied', initiator: 'proxy' })
})

test('a check that throws ends the session, and nothing of the message goes out', async (t) => {
  const begin = () => () => {
    throw new Error('broken')
  }
  const open = await openSession(t, { route: { messages: refusing({ begin }) } })
  open.client.send(masked(1, 'a'))
  assert.equal((await open.client.close()).code, 1011)
  await open.upstream.close()
  assert.equal(open.upstream.frames().length, 1)
})

test('a reload turns reading on, changes it, and turns it off', async (t) => {
  const open = await openSession(t)
  const session = async (text: string, isThrough: boolean) => {
    const had = open.upstream.frames().length
    open.client.send(masked(1, text) + masked(1, 'end'))
    await open.upstream.count(had + 1 + Number(isThrough))
  }
  await session('X', true)
  open.session.adopt({ ...ROUTE, messages: refusing() })
  await session('X', false)
  open.session.adopt({ ...ROUTE, messages: refusing({ id: 'y', begin: () => () => pass }) })
  await session('X', true)
  open.session.adopt(ROUTE)
  await session('X', true)
})

test('a session that ends inside a message gives back what it kept, and sends none of it', async (t) => {
  const open = await openSession(t, { route: { messages: refusing() } })
  open.client.send(masked(1, 'a'.repeat(600), { fin: false }))
  await eventually(() => open.context.memory.held > 0, 'what is kept')
  open.client.raw.socket.end()
  assert.deepEqual(await open.upstream.close(), { code: 1001, reason: '' })
  assert.equal(open.upstream.frames().length, 1)
  open.upstream.send(bare(8, closing(1001)))
  open.upstream.raw.socket.end()
  await isOver(open)
  assert.equal(open.context.memory.held, 0)
})

test('inside a message of the backend that is kept, a client is told at once', async (t) => {
  const open = await openSession(t, {
    route: { messages: refusing(), outbound: refusing({ exceeding: { action: 'drop', maxDelay: 0 } }) },
  })
  open.upstream.send(`${bareHead(1, 10)}abc`)
  await eventually(() => open.context.memory.held > 0, 'what is kept')
  open.client.send(BAD)
  await open.client.count(1)
  assert.equal(open.client.raw.received().endsWith(NO), true)
  open.upstream.send('defghij')
  await open.client.count(2)
})
