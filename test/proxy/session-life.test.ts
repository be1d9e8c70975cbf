/** How long a session lives by itself, on a clock that the test moves: silence, age, heartbeats, and what a reload changes. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SessionBounds } from '../../src/policy/policy.ts'
import { createShared, isOver, type OpenSession, openSession, ROUTE, START } from '../support/session.ts'
import { eventually } from '../support/upgrades.ts'
import { bare, bareHead, closing, masked, maskedHead } from '../support/wire-frames.ts'

const DAY = 86_400_000

const bounded = (bounds: Partial<SessionBounds>) => ({ ...ROUTE, session: { mode: 'enforce' as const, ...bounds } })

const open = (t: TestContext, bounds: Partial<SessionBounds>, more = {}) =>
  openSession(t, { route: bounded(bounds), ...more })

/** Both sides see the code, the end is counted, and nothing is left. */
async function endedBy({ client, upstream, ...rest }: OpenSession, code: number, reason: string, text: string) {
  const told = { code, reason: text }
  assert.deepEqual(await client.close(), told)
  assert.deepEqual(await upstream.close(), told)
  rest.advance(5_100)
  assert.deepEqual(await isOver({ client, upstream, ...rest }), { code, reason, initiator: 'proxy' })
}

const TIMEOUT = 'Session timeout'
/** The wheel's grain. */
const TICK = 50

/** What a dry run reported, and the reasons for which it was ended. */
const told = ({ events, ends }: OpenSession): string[] => [
  ...events.flatMap((event) => (event.type === 'violated' && !event.finding.counted ? [event.finding.reason] : [])),
  ...ends.map((reason) => `ended: ${reason}`),
]

test('idle: no data frame either way for so long; one of either side begins it anew', async (t) => {
  const session = await open(t, { idle: 10_000 })
  session.advance(9_900)
  session.client.send(masked(1, 'a'))
  await session.upstream.count(1)
  session.advance(9_900)
  session.upstream.send(bare(2, 'b'))
  await session.client.count(1)
  session.advance(9_900)
  // An empty message is one.
  session.client.send(masked(1))
  await session.upstream.count(2)
  session.advance(9_900)
  session.client.send(masked(1, 'c'))
  await session.upstream.count(3)
  session.advance(10_000 + TICK)
  await endedBy(session, 1001, 'session_idle', TIMEOUT)
  assert.equal(session.closed()[0]?.detail, 'no message for 10 s')
})

test('idle: pings and pongs of either side do not count', async (t) => {
  const session = await open(t, { idle: 10_000 })
  session.advance(6_000)
  session.client.send(masked(9, 'x') + masked(10, 'x'))
  session.upstream.send(bare(9, 'y') + bare(10, 'y'))
  await Promise.all([session.client.count(2), session.upstream.count(2)])
  session.advance(4_000 + TICK)
  await endedBy(session, 1001, 'session_idle', TIMEOUT)
})

test('idle: a message that takes its time is no silence', async (t) => {
  const session = await open(t, { idle: 10_000 })
  session.upstream.send(bareHead(2, 5))
  for (let byte = 0; byte < 5; byte++) {
    session.advance(6_000)
    session.upstream.send('x')
    await session.client.bytes(2 + byte + 1)
  }
  session.advance(9_900)
  assert.equal(session.closed().length, 0)
  session.advance(200)
  await endedBy(session, 1001, 'session_idle', TIMEOUT)
})

test('the first end wins, and is told once: a Close that is relayed, a drain, an idle session', async (t) => {
  const session = await open(t, { idle: 10_000, maxAge: 10_000, ping: 9_000, pong: 9_500 })
  session.client.send(masked(8, closing(4000, 'mine')))
  assert.equal((await session.upstream.close()).code, 4000)
  session.session.end('shutting_down')
  session.advance(20_000)
  assert.deepEqual(await isOver(session), { code: 4000, reason: '', initiator: 'client' })
  assert.deepEqual(told(session), ['ended: shutting_down'])

  const both = await open(t, { idle: 10_000, maxAge: 10_000 })
  both.advance(10_100)
  both.session.end('shutting_down')
  await endedBy(both, 1001, 'session_max_age', TIMEOUT)
  assert.deepEqual(told(both), ['ended: session_max_age', 'ended: shutting_down'])
  assert.equal(both.client.frames().length, 1)

  const drained = await open(t, { idle: 10_000 })
  drained.session.end('shutting_down')
  drained.advance(10_100)
  assert.deepEqual(await isOver(drained), { code: 1012, reason: 'shutting_down', initiator: 'proxy' })
})

test('maxAge: never later, and up to the jitter earlier, another time for each', async (t) => {
  const ends: number[] = []
  for (let index = 0; index < 12; index++) {
    const session = await open(t, { maxAge: 100_000, maxAgeJitter: 40_000 })
    session.advance(60_000 - TICK)
    assert.equal(session.session.traffic.bytesIn, 0)
    const isEnding = () => session.ends.length > 0
    assert.ok(!isEnding())
    while (!isEnding()) {
      session.advance(1_000)
      session.client.send(masked(1, 'alive'))
    }
    ends.push(session.state.clock)
    await endedBy(session, 1001, 'session_max_age', TIMEOUT)
  }
  assert.ok(Math.max(...ends) <= 101_000, String(ends))
  assert.ok(new Set(ends).size > 4, String(ends))
})

test('a token of 40 days ends its session then, whatever timers can do (trap 6), and with it a date that is set', async (t) => {
  const session = await openSession(t, { expiresAt: START + 40 * DAY })
  for (let day = 0; day < 40; day++) {
    session.advance(day === 39 ? DAY - 1000 : DAY)
    assert.deepEqual(told(session), [])
  }
  session.client.send(masked(1, 'alive'))
  await session.upstream.count(1)
  session.advance(1_100)
  await endedBy(session, 4401, 'token_expired', 'Invalid or expired authentication token')

  const back = await openSession(t, { expiresAt: START + 10_000 })
  back.state.jumped = -5_000
  back.advance(10_100)
  assert.deepEqual(told(back), [])
  back.advance(5_000)
  assert.deepEqual(told(back), ['ended: token_expired'])
})

const pingsIn = ({ client }: OpenSession) => client.frames().filter(({ opcode }) => opcode === 9)

test('ping: at each interval, and the pongs to these go nowhere; all others pass (trap 18)', async (t) => {
  const session = await open(t, { ping: 10_000 })
  session.advance(10_000 + TICK)
  await session.client.count(1)
  session.advance(10_000 + TICK)
  await session.client.count(2)
  const [first, second] = pingsIn(session).map(({ payload }) => payload)
  assert.ok(first && second && !first.equals(second))
  // The upstream's own ping, answered with its payload; ours, twice; one that nobody asked for.
  session.upstream.send(bare(9, 'theirs'))
  await session.client.count(3)
  const ours = masked(10, first)
  session.client.send(masked(10, 'theirs') + ours + masked(1, 'text') + ours + masked(10) + masked(10, second))
  const got = await session.upstream.count(4)
  assert.deepEqual(
    got.map(({ opcode, payload }) => `${opcode} ${payload.toString('hex')}`),
    [
      `10 ${Buffer.from('theirs').toString('hex')}`,
      `1 ${Buffer.from('text').toString('hex')}`,
      `10 ${first.toString('hex')}`,
      '10 ',
    ],
  )
  assert.equal(session.session.traffic.messagesIn, 1)
  session.client.send(masked(1, 'last'))
  assert.equal((await session.upstream.count(5)).at(-1)?.payload.toString(), 'last')
})

test('ping: our pong is none of the frames that limits count', async (t) => {
  const judged: number[] = []
  const step = {
    check: 'test',
    mode: 'enforce' as const,
    id: 'test',
    begin: () => (frame: { opcode: number }) => {
      judged.push(frame.opcode)
      return { ok: true as const }
    },
  }
  const session = await openSession(t, { route: { ...bounded({ ping: 10_000 }), frames: [step] } })
  session.advance(10_000 + TICK)
  const [ping] = await session.client.count(1)
  session.client.send(masked(10, ping?.payload) + masked(1, 'a'))
  await session.upstream.count(1)
  assert.deepEqual(judged, [1])
})

test('ping: it waits for the end of the frame under way, not of the message (trap 11)', async (t) => {
  const session = await open(t, { ping: 10_000 })
  session.upstream.send(`${bare(1, 'be', { fin: false })}${bareHead(0, 4, { fin: false })}gi`)
  await session.client.bytes(4 + 2 + 2)
  session.advance(10_000 + TICK)
  session.advance(10_000 + TICK)
  session.upstream.send(`nn${bare(0, 'ing')}`)
  const frames = await session.client.count(4)
  assert.deepEqual(
    frames.map(({ opcode, payload }) => (opcode === 9 ? 'ping' : payload.toString())),
    ['be', 'ginn', 'ping', 'ing'],
  )
})

test('ping: one that waits gives way to the Close', async (t) => {
  const session = await open(t, { ping: 10_000 })
  session.upstream.send(`${bareHead(2, 4)}be`)
  await session.client.bytes(4)
  session.advance(10_000 + TICK)
  session.session.end('ended_by_operator')
  session.upstream.send(`gi${bare(1, 'late')}`)
  assert.deepEqual(
    (await session.client.count(2)).map(({ opcode }) => opcode),
    [2, 8],
  )
})

test('pong: a client that is silent is ended; any byte is a sign of life', async (t) => {
  const session = await open(t, { ping: 10_000, pong: 15_000 })
  session.advance(14_900)
  // Half a header is a byte.
  session.client.send(masked(1, 'text').slice(0, 1))
  await eventually(() => session.sockets.client.destroyed || readBytes(session) === 1, 'a byte')
  session.advance(14_900)
  assert.deepEqual(told(session), [])
  session.client.send(masked(1, 'text').slice(1))
  await session.upstream.count(1)
  // What the backend sends is no byte of the client's.
  session.advance(8_000)
  session.upstream.send(bare(1, 'hello?'))
  session.advance(7_100)
  await endedBy(session, 1001, 'pong_timeout', TIMEOUT)
  assert.equal(session.closed()[0]?.detail, 'not a byte from the client for 15 s')
})

/** What the proxy has read of the client. */
const readBytes = ({ sockets }: OpenSession): number =>
  Number('bytesRead' in sockets.client ? sockets.client.bytesRead : -1)

test('pong: a client that answers lives', async (t) => {
  const session = await open(t, { ping: 10_000, pong: 15_000 })
  for (let round = 1; round <= 10; round++) {
    session.advance(10_000 + TICK)
    const frames = await session.client.count(round)
    const before = readBytes(session)
    session.client.send(masked(10, frames.at(-1)?.payload))
    await eventually(() => readBytes(session) > before, 'the pong')
  }
  assert.deepEqual(told(session), [])
  assert.equal(session.upstream.frames().length, 0)
})

test('dry run: each end is reported once, nothing ends, and no ping is sent', async (t) => {
  const bounds = { mode: 'dry-run', idle: 10_000, maxAge: 20_000, maxAgeJitter: 0, ping: 1_000, pong: 2_000 } as const
  const session = await open(t, bounds)
  for (let seconds = 0; seconds < 100; seconds++) session.advance(1_000)
  assert.deepEqual(told(session), ['session_idle', 'session_max_age'])
  session.client.send(masked(1, 'alive'))
  session.upstream.send(bare(1, 'alive'))
  await session.upstream.count(1)
  assert.deepEqual(
    (await session.client.count(1)).map(({ opcode }) => opcode),
    [1],
  )
  // Enforced by a reload, they count; and a client that was never pinged has not been silent.
  session.session.adopt(bounded({ ...bounds, mode: 'enforce' }))
  session.advance(TICK)
  await endedBy(session, 1001, 'session_max_age', TIMEOUT)
})

test('a reload changes the deadlines of an open session', async (t) => {
  const session = await open(t, { idle: 10_000 })
  session.advance(9_000)
  session.session.adopt(bounded({ idle: 60_000 }))
  session.advance(50_000)
  assert.deepEqual(told(session), [])
  session.session.adopt(bounded({}))
  session.advance(1_000_000)
  assert.deepEqual(told(session), [])
  assert.equal(session.wheel.size, 0)
  session.session.adopt(bounded({ ping: 10_000, pong: 20_000 }))
  session.advance(10_100)
  await session.client.count(1)
  assert.deepEqual(told(session), [], 'silence before the pings is none')
  session.session.adopt(bounded({ idle: 10_000 }))
  session.advance(TICK)
  await endedBy(session, 1001, 'session_idle', TIMEOUT)
})

test('sessions that a reload makes too old end over the jitter, not at once (trap 33)', async (t) => {
  const shared = createShared()
  const sessions = await Promise.all(
    Array.from({ length: 40 }, () => openSession(t, { shared, route: bounded({ maxAge: DAY }) })),
  )
  shared.advance(DAY / 2)
  for (const { session } of sessions) session.adopt(bounded({ maxAge: 60_000, maxAgeJitter: 6_000 }))
  const ended = () => sessions.filter(({ ends }) => ends.length > 0).length
  shared.advance(3_000)
  const half = ended()
  shared.advance(3_000 + TICK)
  assert.equal(ended(), 40)
  assert.ok(half > 5 && half < 35, `${half} of 40 after half the time`)
})

test('after a standstill of the process nobody is ended for a silence that may be ours', async (t) => {
  const session = await open(t, { ping: 10_000, pong: 15_000, idle: 20_000, maxAge: DAY })
  const standStill = (ms: number) => {
    session.state.clock += ms
    session.wheel.tick(session.state.clock)
  }
  standStill(60_000)
  assert.deepEqual(told(session), [])
  // What was sent meanwhile is read now.
  session.client.send(masked(1, 'alive'))
  await session.upstream.count(1)
  session.advance(14_000)
  assert.deepEqual(told(session), [])
  session.advance(1_100)
  assert.deepEqual(told(session), ['ended: pong_timeout'])

  const silent = await open(t, { idle: 20_000 })
  silent.state.clock += 60_000
  silent.wheel.tick(silent.state.clock)
  assert.deepEqual(told(silent), [])
  silent.advance(1_100)
  assert.deepEqual(told(silent), ['ended: session_idle'])
})

test('a thousand sessions that end at once all end, each once', async (t) => {
  const shared = createShared()
  const clients: Awaited<ReturnType<typeof open>>[] = []
  for (let batch = 0; batch < 10; batch++) {
    const opened = Array.from({ length: 100 }, () =>
      openSession(t, { shared, route: bounded({ idle: 10_000, ping: 4_000 }) }),
    )
    clients.push(...(await Promise.all(opened)))
  }
  assert.equal(shared.wheel.size, 1000)
  shared.advance(10_100)
  const closes = await Promise.all(clients.flatMap(({ client, upstream }) => [client.close(), upstream.close()]))
  assert.ok(closes.every(({ code }) => code === 1001))
  shared.advance(5_100)
  await eventually(() => shared.closed().length === 1000, 'a thousand ends')
  assert.ok(shared.closed().every(({ reason }) => reason === 'session_idle'))
  assert.deepEqual([shared.wheel.size, shared.sessions.size, shared.state.released], [0, 0, 1000])
})

test('without any bound a session has no place in the wheel', async (t) => {
  const session = await openSession(t)
  session.client.send(`${masked(1, 'a')}${maskedHead(2, 4)}`)
  await session.upstream.bytes(7)
  assert.equal(session.wheel.size, 0)
})
