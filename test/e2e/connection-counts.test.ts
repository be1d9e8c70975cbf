/** Connections of every fate over real sockets: what is counted equals what is open, whoever ends it and however. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { acceptKey } from '../../src/frames/accept.ts'
import { mintToken } from '../../src/tokens/mint.ts'
import { startTestProxy } from '../support/proxy.ts'
import { portOf } from '../support/raw.ts'
import { eventually, handshake } from '../support/upgrades.ts'
import { bare, closeOf, closing, framesIn, masked } from '../support/wire-frames.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'
const FILE = '/test/counts.yaml'
const USERS = ['ann', 'bob', 'cat']
const PER_USER = 3
const STEPS = 400
const SEED = 20261121

type OnExceed = 'refuse' | 'evict-oldest'

/** What the backend does with an upgrade, by the last segment of its path. */
const FATES: Readonly<Record<string, (socket: Socket, accepted: string) => unknown>> = {
  accepts: (socket, accepted) => socket.write(accepted, 'latin1'),
  slow: (socket, accepted) => setTimeout(() => socket.write(accepted, 'latin1'), 15),
  closes: (socket, accepted) => socket.end(accepted + bare(8, closing(1000)), 'latin1'),
  refuses: (socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'),
  resets: (socket) => socket.resetAndDestroy(),
  sleeps: () => {},
}

interface Client {
  readonly socket: Socket
  readonly user: string
  readonly ip: string
  /** Answered with 101, not closed since. */
  readonly isOpen: () => boolean
  /** The code of the Close it got. */
  readonly code: () => number | undefined
}

async function setUp(t: TestContext, limits: string) {
  const backends = new Set<Socket>()
  const server = createServer((socket) => {
    backends.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => backends.delete(socket))
    socket.once('data', (head) => {
      const text = head.toString('latin1')
      const key = /sec-websocket-key: (\S+)/i.exec(text)?.[1] ?? ''
      const fate = /^GET \/ws\/(\w+)/.exec(text)?.[1] ?? ''
      const accepted = `HTTP/1.1 101 -\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`
      FATES[fate]?.(socket, accepted)
      // A client of this test sends nothing but a Close.
      socket.on('data', () => socket.end(bare(8, closing(1000)), 'latin1'))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const files: Record<string, string> = {}
  const write = (onExceed: OnExceed) => {
    files[FILE] = `
upstream: http://127.0.0.1:${portOf(server)}
trustedProxies: [loopback]
handshakeTimeout: 300ms
routes:
  - path: /ws/*
    token: { secret: ${SECRET} }
    limits: { connections: { ${limits}, onExceed: ${onExceed} } }
`
  }
  write('evict-oldest')
  const proxy = await startTestProxy({ env: { WS_CONFIG: FILE }, files })
  const clients: Client[] = []
  t.after(async () => {
    for (const { socket } of clients) socket.destroy()
    for (const socket of backends) socket.destroy()
    server.close()
    await proxy.stop()
  })
  const tokens = new Map<string, string>()
  for (const user of USERS) {
    tokens.set(user, await mintToken({ secret: SECRET, claims: { sub: user }, ttlSeconds: 600, now: Date.now() }))
  }
  const open = (user: string, ip: string, fate: string): Client => {
    const path = `/ws/${fate}?token=${tokens.get(user)}`
    const one = clientOf(connect({ port: proxy.port, host: '127.0.0.1' }), user, ip)
    one.socket.write(`${handshake({ path, headers: [`X-Forwarded-For: ${ip}`] })}\r\n\r\n`)
    clients.push(one)
    return one
  }
  const reload = async (onExceed: OnExceed) => {
    write(onExceed)
    assert.deepEqual(await proxy.running.reload(), { ok: true })
  }
  return { proxy, clients, backends, open, reload }
}

function clientOf(socket: Socket, user: string, ip: string): Client {
  let text = ''
  const code = () => framesIn(text.slice(text.indexOf('\r\n\r\n') + 4)).map(closeOf)[0]?.code
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    if (code() !== undefined) socket.end(masked(8, closing(1000)), 'latin1')
  })
  const isOpen = () => text.startsWith('HTTP/1.1 101') && code() === undefined && !socket.closed
  return { socket, user, ip, isOpen, code }
}

type Setup = Awaited<ReturnType<typeof setUp>>

/** Everything under way has come to its end; then what is counted is what is open. */
async function settled({ proxy, clients, backends }: Setup): Promise<Client[]> {
  const open = () => clients.filter((one) => one.isOpen())
  const isQuiet = () => {
    const { sessions } = proxy.running.held()
    const isDecided = clients.every((one) => one.socket.closed || one.isOpen())
    return isDecided && sessions === open().length && backends.size === sessions
  }
  await eventually(isQuiet, 'quiet')
  const distinct = (name: 'user' | 'ip') => new Set(open().map((one) => one[name])).size
  // Over all routes, and of the one route: in total, per address, per user.
  const keys = 2 * ((open().length > 0 ? 1 : 0) + distinct('ip') + distinct('user'))
  await eventually(() => proxy.running.held().counts === keys, `${keys} keys counted`)
  for (const user of USERS) assert.ok(open().filter((one) => one.user === user).length <= PER_USER, user)
  return open()
}

async function onlyOpen(setup: Setup, expected: Client | undefined) {
  const open = await settled(setup)
  assert.ok(open.length === 1 && open[0] === expected, `${open.length} are open`)
}

/** Numbers of a fixed order (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

test(`${STEPS} steps of opens, refusals, crashes, evictions and reloads: the counts equal the sockets`, {
  timeout: 60_000,
}, async (t) => {
  const setup = await setUp(t, `perUser: ${PER_USER}, perIp: 8`)
  const { proxy, clients, backends, open, reload } = setup
  const random = seeded(SEED)
  const pick = <T>(list: readonly T[]): T | undefined => list[random(Math.max(1, list.length))]
  const fates = ['accepts', 'accepts', 'accepts', 'slow', ...Object.keys(FATES)]
  const acts: (() => void)[] = [
    () => pick(clients.filter((one) => one.isOpen()))?.socket.write(masked(8, closing(1000)), 'latin1'),
    () => pick(clients.filter((one) => !one.socket.closed))?.socket.resetAndDestroy(),
    () => pick(clients.filter((one) => !one.socket.closed))?.socket.destroy(),
    () => pick([...backends])?.resetAndDestroy(),
    () => pick([...backends])?.end(),
    () => reload(random(4) === 0 ? 'refuse' : 'evict-oldest'),
  ]
  for (let index = 0; index < STEPS; index++) {
    if (random(3) > 0) open(pick(USERS) ?? '', `203.0.113.${random(4)}`, pick(fates) ?? '')
    else pick(acts)?.()
    // Some steps meet what earlier ones are in the middle of.
    if (random(3) === 0) await new Promise((resolve) => setTimeout(resolve, random(8)))
    if (index % 40 === 39) await settled(setup)
  }
  for (const { socket } of await settled(setup)) socket.end(masked(8, closing(1000)), 'latin1')
  await eventually(() => clients.every(({ socket }) => socket.closed), 'the end of all')
  assert.equal((await settled(setup)).length, 0)
  await eventually(() => proxy.running.held().deadlines === 0, 'no deadline left')
  const replaced = proxy.logs.filter(({ event, code }) => event === 'closed' && code === 4009)
  assert.ok(replaced.length > 10, `only ${replaced.length} were replaced`)
  for (const { reason, initiator } of replaced) assert.deepEqual([reason, initiator], ['session_replaced', 'proxy'])
  const codes = new Set(clients.map((one) => one.code()))
  for (const code of [1000, 1008, 1014, 4009]) assert.ok(codes.has(code), `nobody saw ${code}`)
  // Nothing leaked: everybody still has as many places as before, and no more.
  await reload('refuse')
  for (const user of USERS) {
    const again = Array.from({ length: PER_USER + 1 }, (_, index) => open(user, `203.0.113.${index}`, 'accepts'))
    await settled(setup)
    assert.deepEqual(again.filter((one) => one.isOpen()).length, PER_USER)
  }
})

test('one user opens 1,000 at once: as many stay as may, and the rest is gone', { timeout: 60_000 }, async (t) => {
  const setup = await setUp(t, `perUser: ${PER_USER}`)
  const all = Array.from({ length: 1000 }, () => setup.open('ann', '203.0.113.1', 'accepts'))
  assert.equal((await settled(setup)).length, PER_USER)
  for (const code of all.map((one) => one.code())) assert.ok(code === undefined || code === 1008 || code === 4009)
})

test('a storm of reconnects: each newer one takes the place of the oldest', { timeout: 60_000 }, async (t) => {
  const setup = await setUp(t, 'perUser: 1')
  let last: Client | undefined
  for (let index = 0; index < 150; index++) {
    const next = setup.open('ann', '203.0.113.1', 'accepts')
    await eventually(() => next.isOpen(), 'an open connection')
    last = next
  }
  await onlyOpen(setup, last)
  assert.equal(setup.clients.filter((one) => one.code() === 4009).length, 149)
})

test('a dial that fails ends nobody', { timeout: 60_000 }, async (t) => {
  const setup = await setUp(t, 'perUser: 1')
  const open = setup.open('ann', '203.0.113.1', 'accepts')
  await settled(setup)
  for (const fate of ['refuses', 'resets', 'sleeps']) {
    setup.open('ann', '203.0.113.1', fate)
    await onlyOpen(setup, open)
  }
  const leaving = setup.open('ann', '203.0.113.1', 'sleeps')
  await eventually(() => setup.backends.size === 2, 'a dial')
  leaving.socket.destroy()
  await onlyOpen(setup, open)
})

test('one that is closing for another reason keeps it when a newer one takes its place', {
  timeout: 60_000,
}, async (t) => {
  const setup = await setUp(t, 'perUser: 1')
  const { proxy } = setup
  const older = setup.open('ann', '203.0.113.1', 'accepts')
  await settled(setup)
  // The backend's Close is on its way; the client takes its time to answer.
  older.socket.pause()
  for (const backend of setup.backends) backend.write(bare(8, closing(3000)), 'latin1')
  const newer = setup.open('ann', '203.0.113.1', 'accepts')
  await eventually(() => newer.isOpen(), 'the newer one')
  older.socket.resume()
  await eventually(() => older.socket.closed, 'the end of the older one')
  await onlyOpen(setup, newer)
  const line = await proxy.line(({ event }) => event === 'closed')
  assert.deepEqual([line.code, line.initiator, line.reason], [3000, 'upstream', undefined])
})

test('dry run: nobody goes, and the log says who would', { timeout: 60_000 }, async (t) => {
  const setup = await setUp(t, 'perUser: 1, mode: dry-run')
  const first = setup.open('ann', '203.0.113.1', 'accepts')
  await eventually(() => first.isOpen(), 'the first')
  const second = setup.open('ann', '203.0.113.1', 'slow')
  await eventually(() => second.isOpen(), 'the second')
  const line = await setup.proxy.line(({ reason }) => reason === 'session_replaced')
  assert.deepEqual([line.event, line.check, line.outcome], ['violated', 'connections', 'would_reject'])
  assert.ok(first.isOpen())
})
