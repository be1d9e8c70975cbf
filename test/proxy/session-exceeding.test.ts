/** Sessions whose messages are dropped or delayed, over real sockets, on a clock that the test moves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exceeding, FrameStep } from '../../src/policy/check.ts'
import { pass, refuse } from '../../src/policy/verdict.ts'
import { isOver, type OpenSession, openSession, ROUTE } from '../support/session.ts'
import { eventually } from '../support/upgrades.ts'
import { bare, bareHead, closing, masked, maskedHead } from '../support/wire-frames.ts'

/** Refuses messages of six bytes until a time of the session's clock. */
const limit = (exceeding: Partial<Exceeding>, until = Number.POSITIVE_INFINITY): FrameStep => ({
  check: 'messages',
  mode: 'enforce',
  id: 'messages',
  begin: () => (frame) =>
    frame.length === 6 && frame.at < until ? { ...refuse('message_rate', 'six'), retryAt: until } : pass,
  exceeding: { action: 'close', maxDelay: 5000, ...exceeding },
})

const route = (exceeding: Partial<Exceeding>, until?: number) => ({ frames: [limit(exceeding, until)] })

const texts = (open: OpenSession) => open.upstream.frames().map(({ payload }) => payload.toString())

const LATE = masked(1, 'delays')

test('a dropped message is counted as a violation, not as traffic, and the session goes on', async (t) => {
  const open = await openSession(t, { route: route({ action: 'drop' }) })
  open.client.send(LATE + masked(1, 'one') + LATE.repeat(2) + masked(1, 'two'))
  await open.upstream.count(2)
  assert.deepEqual(texts(open), ['one', 'two'])
  const length = masked(1, 'one').length
  assert.deepEqual(open.session.traffic, { messagesIn: 2, messagesOut: 0, bytesIn: 2 * length, bytesOut: 0 })
  open.client.send(masked(8, closing(1000)))
  open.upstream.send(bare(8, closing(1000)))
  await open.client.close()
  open.client.raw.socket.end()
  open.upstream.raw.socket.end()
  await isOver(open)
  assert.deepEqual([...(open.closed()[0]?.violations ?? [])], [['message_rate', 3]])
  const violated = open.events.flatMap((event) => (event.type === 'violated' ? [event.finding.action] : []))
  assert.deepEqual(violated, ['drop'])
  assert.deepEqual(
    [...open.sessions.totalsOf('r').violations.values()],
    [{ reason: 'message_rate', action: 'drop', count: 3 }],
  )
})

test('drop so many times, then close', async (t) => {
  const open = await openSession(t, { route: route({ action: 'drop', closeAfterDrops: 2 }) })
  open.client.send(LATE + masked(1, 'one') + LATE.repeat(2) + masked(1, 'two'))
  assert.deepEqual(await open.client.close(), { code: 1008, reason: 'Rate limit exceeded' })
  assert.equal((await open.upstream.close()).code, 1008)
  assert.equal(texts(open)[0], 'one')
})

test('what is delayed goes out when there is room, in order, and the client is not read meanwhile', async (t) => {
  const open = await openSession(t, { route: route({ action: 'delay' }, 1000) })
  open.client.send(masked(1, 'a') + LATE + masked(9, 'ping') + masked(1, 'b'))
  await open.upstream.count(1)
  open.client.send(masked(1, 'c'))
  open.advance(900)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(texts(open), ['a'])
  assert.ok(open.sockets.client.isPaused())
  open.advance(100)
  await open.upstream.count(5)
  assert.deepEqual(texts(open), ['a', 'delays', 'ping', 'b', 'c'])
  assert.equal(open.wheel.size, 0)
})

test('the backend is read while the client is delayed', async (t) => {
  const open = await openSession(t, { route: route({ action: 'delay' }, 1000) })
  open.client.send(LATE)
  await eventually(() => open.wheel.size === 1, 'the delay')
  open.upstream.send(bare(1, 'news'))
  await open.client.count(1)
  open.advance(1000)
  await open.upstream.count(1)
})

test('a delay beyond its bound closes', async (t) => {
  const open = await openSession(t, { route: route({ action: 'delay', maxDelay: 999 }, 1000) })
  open.client.send(LATE)
  assert.equal((await open.client.close()).code, 1008)
  assert.equal(open.upstream.frames().length <= 1, true)
})

test('a FIN behind what is delayed comes after it', async (t) => {
  const open = await openSession(t, { route: route({ action: 'delay' }, 1000) })
  open.client.send(LATE + masked(1, 'last'))
  open.client.raw.socket.end()
  await eventually(() => open.wheel.size === 1, 'the delay')
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(open.closed().length, 0)
  open.advance(1000)
  assert.equal((await open.upstream.close()).code, 1001)
  assert.deepEqual(texts(open).slice(0, 2), ['delays', 'last'])
})

/** What may end a session while a message of its client waits, and what is logged then. */
const ENDS: [
  name: string,
  end: (open: OpenSession) => void,
  seen: (open: OpenSession) => Promise<unknown>,
  code: number,
  initiator: string,
][] = [
  [
    'the client is reset',
    ({ client }) => client.raw.socket.resetAndDestroy(),
    ({ upstream }) => upstream.close(),
    1006,
    'client',
  ],
  [
    'the backend is reset',
    ({ upstream }) => upstream.raw.socket.resetAndDestroy(),
    ({ client }) => client.close(),
    1014,
    'upstream',
  ],
  [
    'the backend sends Close',
    ({ upstream }) => upstream.send(bare(8, closing(3001))),
    ({ client }) => client.close(),
    3001,
    'upstream',
  ],
  [
    'the backend sends FIN',
    ({ upstream }) => upstream.raw.socket.end(),
    ({ client }) => client.close(),
    1014,
    'upstream',
  ],
  ['the proxy drains', ({ session }) => session.end('shutting_down'), ({ client }) => client.close(), 1012, 'proxy'],
  [
    'the operator ends it',
    ({ session }) => session.end('ended_by_operator'),
    ({ client }) => client.close(),
    1008,
    'proxy',
  ],
  [
    'by force',
    ({ session }) => session.destroy(),
    ({ closed }) => eventually(() => closed().length > 0, 'the end'),
    1006,
    'client',
  ],
]

for (const [name, end, seen, code, initiator] of ENDS) {
  test(`nothing is left where, during a delay, ${name}`, async (t) => {
    const open = await openSession(t, { route: route({ action: 'delay' }, 1000) })
    open.client.send(LATE + masked(1, 'more') + masked(8, closing(1000)))
    await eventually(() => open.wheel.size === 1, 'the delay')
    end(open)
    await seen(open)
    // The other side's FIN, or the time that it has for that.
    for (let step = 0; step < 4; step++) {
      open.advance(5_100)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const over = await isOver(open)
    // Of two sockets that are destroyed together, either may be the first.
    if (name !== 'by force') assert.deepEqual([over.code, over.initiator], [code, initiator])
    assert.ok(!texts(open).includes('more') || initiator === 'upstream')
  })
}

test('the Close of a drained client that is delayed reaches both sides, and the answer of the client is found', async (t) => {
  const open = await openSession(t, { route: route({ action: 'delay' }, 1000) })
  open.client.send(LATE)
  await eventually(() => open.wheel.size === 1, 'the delay')
  open.session.end('shutting_down')
  assert.equal((await open.client.close()).code, 1012)
  assert.equal((await open.upstream.close()).code, 1012)
  open.client.send(masked(8, closing(1012)))
  open.upstream.send(bare(8, closing(1012)))
  await Promise.all([open.client.ended(), open.upstream.ended()])
  open.client.raw.socket.end()
  open.upstream.raw.socket.end()
  assert.equal((await isOver(open)).code, 1012)
})

test('what came with the handshake may be delayed too, with all that follows', async (t) => {
  const glued = [masked(1, 'a') + LATE, masked(1, 'b'), masked(1, 'c').slice(0, 3)]
  const clientHead = glued.map((text) => Buffer.from(text, 'latin1'))
  const open = await openSession(t, { route: route({ action: 'delay' }, 1000), clientHead })
  open.client.send(masked(1, 'c').slice(3))
  await open.upstream.count(1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(texts(open), ['a'])
  open.advance(1000)
  await open.upstream.count(4)
  assert.deepEqual(texts(open), ['a', 'delays', 'b', 'c'])
})

test('a reload during a delay judges by the new policy', async (t) => {
  for (const [frames, codeOrText] of [
    [[], 'delays'],
    [[limit({ action: 'close' })], 1008],
  ] as const) {
    const open = await openSession(t, { route: route({ action: 'delay' }, 1000) })
    open.client.send(LATE)
    await eventually(() => open.wheel.size === 1, 'the delay')
    open.session.adopt({ ...ROUTE, frames })
    open.advance(900)
    open.advance(100)
    if (typeof codeOrText === 'number') {
      // Equal ids: it keeps its state, here the time until which it refuses.
      await open.upstream.count(1)
      open.client.send(LATE)
    }
    await open.upstream.count(1)
    assert.equal(texts(open)[0], 'delays')
  }
})

const COMPRESSED = masked(1, 'packed', { rsv: 0x40 })
const DEFLATE = { first: 0x40, other: 0, opaque: false }

test('a compressed message that later ones refer to closes in place of being dropped (trap 17)', async (t) => {
  const open = await openSession(t, { route: route({ action: 'drop' }), rsv: DEFLATE, droppable: 'uncompressed' })
  open.client.send(LATE + masked(1, 'plain'))
  await open.upstream.count(1)
  assert.deepEqual(texts(open), ['plain'])
  open.client.send(COMPRESSED)
  assert.equal((await open.client.close()).code, 1008)
})

test('a reload that turns drop on for an open session knows what its handshake said', async (t) => {
  const open = await openSession(t, { rsv: DEFLATE, droppable: 'uncompressed' })
  open.client.send(COMPRESSED)
  await open.upstream.count(1)
  open.session.adopt({ ...ROUTE, ...route({ action: 'drop' }) })
  open.client.send(LATE + masked(1, 'plain'))
  await open.upstream.count(2)
  open.client.send(COMPRESSED)
  assert.equal((await open.client.close()).code, 1008)
})

const NOTICE = '{"type":"error"}'

test('a notice comes before the Close, between messages of the backend only', async (t) => {
  const cases: [name: string, before: string, after: string, expected: string[]][] = [
    ['between messages', bare(1, 'news'), '', ['news', NOTICE]],
    ['inside a frame', `${bareHead(1, 4)}ne`, 'ws', ['news', NOTICE]],
    ['between fragments', bare(1, 'ne', { fin: false }), '', ['ne']],
  ]
  for (const [name, before, after, expected] of cases) {
    const open = await openSession(t, { route: route({ notice: NOTICE }) })
    open.upstream.send(before)
    await open.client.bytes(before.length)
    open.client.send(LATE)
    await open.upstream.close()
    open.upstream.send(after)
    await open.client.close()
    const frames = open.client.frames().slice(0, -1)
    assert.deepEqual(
      frames.map(({ payload }) => payload.toString()),
      expected,
      name,
    )
    assert.ok(frames.every(({ isMasked }) => !isMasked))
  }
})

test('a notice is left out where an extension may make something else of it, and of ends for other reasons', async (t) => {
  const opaque = await openSession(t, {
    route: route({ notice: NOTICE }),
    rsv: { first: 0x70, other: 0x70, opaque: true },
  })
  opaque.client.send(LATE)
  await opaque.client.close()
  assert.equal(opaque.client.frames().length, 1)
  const other = await openSession(t, { route: route({ notice: NOTICE }) })
  other.session.end('shutting_down')
  await other.client.close()
  assert.equal(other.client.frames().length, 1)
})

test('a client that leaves in the middle of a dropped frame: the backend gets a Close', async (t) => {
  const open = await openSession(t, { route: route({ action: 'drop' }) })
  open.client.send(`${masked(1, 'a') + maskedHead(1, 6)}del`)
  await open.upstream.count(1)
  open.client.raw.socket.end()
  assert.equal((await open.upstream.close()).code, 1001)
})
