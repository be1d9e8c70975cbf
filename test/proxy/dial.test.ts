/** The backend's side of an upgrade: hostile, slow, dead, elsewhere (traps 41, 46). */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { WebSocketServer } from 'ws'
import { closedPort } from '../support/pass.ts'
import { startTestProxy } from '../support/proxy.ts'
import { rawServer } from '../support/raw.ts'
import { accept, ask, type End, eventually, openOn, proxied, switching } from '../support/upgrades.ts'
import { bare, masked } from '../support/wire-frames.ts'
import type { Seen } from './tls-backend.ts'

const BAD_GATEWAY = { code: 1014, reason: 'Bad gateway' }
const OTHER_ACCEPT = 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA='

const HOSTILE: [name: string, answer: (upstream: End) => string, ends: boolean][] = [
  [
    'a wrong accept',
    (upstream) => `${switching(upstream).replace(/Sec-WebSocket-Accept: .*/, OTHER_ACCEPT)}\r\n\r\n`,
    false,
  ],
  ['no accept', (upstream) => `${switching(upstream).replace(/\r\nSec-WebSocket-Accept: .*/, '')}\r\n\r\n`, false],
  [
    'two accepts, the wrong one first',
    (upstream) => `${switching(upstream).replace('Sec', `${OTHER_ACCEPT}\r\nSec`)}\r\n\r\n`,
    false,
  ],
  ['two accepts, the right one first', (upstream) => `${switching(upstream, [OTHER_ACCEPT])}\r\n\r\n`, false],
  [
    'a right accept twice',
    (upstream) => `${switching(upstream)}\r\n${/Sec-WebSocket-Accept: .*/.exec(switching(upstream))?.[0]}\r\n\r\n`,
    false,
  ],
  [
    'an upgrade to something else',
    (upstream) => `${switching(upstream).replace('Upgrade: websocket', 'Upgrade: h2c')}\r\n\r\n`,
    false,
  ],
  [
    'an upgrade to nothing',
    (upstream) => `${switching(upstream).replace('Upgrade: websocket\r\n', '')}\r\n\r\n`,
    false,
  ],
  ['no Connection', (upstream) => `${switching(upstream).replace('Connection: Upgrade\r\n', '')}\r\n\r\n`, false],
  ['half a 101', (upstream) => switching(upstream).slice(0, 60), true],
  ['nothing', () => '', true],
  ['frames', () => bare(1, 'hello'), false],
  ['a status line of nonsense', () => 'HTTP/1.1 OK\r\n\r\n', false],
  ['an endless head', () => `HTTP/1.1 101 Switching Protocols\r\nX: ${'x'.repeat(70_000)}`, false],
]

test('a hostile answer is a bad gateway, and its connection is gone', async (t) => {
  const all = await proxied(t)
  for (const [index, [name, answer, ends]] of HOSTILE.entries()) {
    const client = await ask(t, all.proxy.port, { glued: masked(1, 'early') })
    const upstream = await all.backend(index)
    await upstream.head()
    upstream.send(answer(upstream) + (ends ? '' : bare(1, 'tunnelled?')))
    if (ends) upstream.raw.socket.end()
    assert.equal((await client.head()).status, 101, name)
    assert.deepEqual(await client.close(), BAD_GATEWAY, name)
    assert.equal(client.frames().length, 1, name)
    await upstream.ended()
    assert.equal(upstream.rest(), '', name)
    client.raw.socket.destroy()
  }
  const closed = all.proxy.logs.filter(({ event }) => event === 'closed')
  assert.equal(closed.length, HOSTILE.length)
  assert.ok(
    closed.every(
      ({ code, reason, initiator }) => code === 1014 && reason === 'upstream_unreachable' && initiator === 'proxy',
    ),
  )
  assert.equal(all.proxy.logs.filter(({ event }) => event === 'upstream_failed').length, HOSTILE.length)
  await eventually(() => JSON.stringify(all.proxy.running.held()) === NOTHING, 'nothing held')
})

const NOTHING = JSON.stringify({ sessions: 0, counts: 0, deadlines: 0, lingering: 0, buffered: 0 })

test('information before the 101 is passed over', async (t) => {
  const all = await proxied(t)
  const client = await ask(t, all.proxy.port)
  const upstream = await all.backend(0)
  await upstream.head()
  upstream.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n')
  await accept(upstream)
  assert.equal((await client.head()).status, 101)
})

test('a 101 that node reads, and we do not, is tunnelled too, with what is glued to it', async (t) => {
  const all = await proxied(t)
  const client = await ask(t, all.proxy.port, { glued: masked(1, 'early') })
  const upstream = await all.backend(0)
  await upstream.head()
  upstream.send(`HTTP/1.1 102 Processing\r\n\r\n${switching(upstream)}\r\n\r\n${bare(1, 'glued')}`)
  assert.deepEqual(
    (await client.count(1)).map(({ payload }) => String(payload)),
    ['glued'],
  )
  upstream.send(bare(1, 'x'.repeat(100_000)))
  await client.count(2)
  client.send(masked(1, 'y'.repeat(100_000)) + masked(8, ''))
  assert.deepEqual(
    (await upstream.count(3)).map(({ payload }) => payload.length),
    [5, 100_000, 0],
  )
  upstream.send(bare(8, ''))
  upstream.raw.socket.end()
  await client.ended()
  client.raw.socket.end()
  await eventually(() => JSON.stringify(all.proxy.running.held()) === NOTHING, 'nothing held')
})

test('a 101 that comes byte by byte is one', async (t) => {
  const all = await proxied(t)
  const client = await ask(t, all.proxy.port)
  const upstream = await all.backend(0)
  await upstream.head()
  upstream.raw.socket.setNoDelay(true)
  for (const byte of `${switching(upstream)}\r\n\r\n${bare(1, 'hi')}`) {
    upstream.send(byte)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal((await client.head()).status, 101)
  assert.equal((await client.count(1)).length, 1)
})

test('a backend that does not answer in time is a timeout', async (t) => {
  const all = await proxied(t, { env: { WS_HANDSHAKE_TIMEOUT: '60ms' } })
  const client = await ask(t, all.proxy.port)
  const upstream = await all.backend(0)
  assert.deepEqual(await client.close(), BAD_GATEWAY)
  await upstream.ended()
  const closed = await all.proxy.line(({ event }) => event === 'closed')
  assert.deepEqual([closed.code, closed.reason], [1014, 'upstream_timeout'])

  const http = await proxied(t, { env: { WS_HANDSHAKE_TIMEOUT: '60ms', WS_REJECT_WITH: 'http' } })
  assert.equal((await (await ask(t, http.proxy.port)).head()).status, 504)
})

test('a dead upstream: the next one is asked; with none alive, a bad gateway', async (t) => {
  const dead = await closedPort()
  const all = await proxied(t, { yaml: `upstream: ["http://127.0.0.1:${dead}", UPSTREAM, "http://127.0.0.1:${dead}"]` })
  for (const index of [0, 1, 2]) {
    const client = await ask(t, all.proxy.port)
    await accept(await all.backend(index))
    assert.equal((await client.head()).status, 101)
  }
  const none = await proxied(t, { env: { WS_UPSTREAM: `http://127.0.0.1:${dead},http://127.0.0.1:${dead}` } })
  const client = await ask(t, none.proxy.port)
  assert.deepEqual(await client.close(), BAD_GATEWAY)
  assert.equal(none.proxy.logs.filter(({ event }) => event === 'upstream_failed').length, 2)
  assert.ok(!client.raw.received().includes(String(dead)))
})

test('an upstream that took the request and failed: nobody else is asked', async (t) => {
  const all = await proxied(t, { yaml: 'upstream: [UPSTREAM, UPSTREAM]' })
  const client = await ask(t, all.proxy.port)
  const upstream = await all.backend(0)
  await upstream.head()
  upstream.raw.socket.resetAndDestroy()
  assert.deepEqual(await client.close(), BAD_GATEWAY)
  assert.equal(all.server.connections.length, 1)
})

test('a client that leaves while the backend thinks takes the request with it, at once (trap 41)', async (t) => {
  const all = await proxied(t)
  for (const [index, leave] of [
    (end: End) => void end.raw.socket.end(),
    (end: End) => void end.raw.socket.resetAndDestroy(),
    (end: End) => void end.raw.socket.destroy(),
  ].entries()) {
    const client = await ask(t, all.proxy.port)
    const upstream = await all.backend(index)
    await upstream.head()
    leave(client)
    await upstream.ended()
  }
  await eventually(() => JSON.stringify(all.proxy.running.held()) === NOTHING, 'nothing held')
  const closed = all.proxy.logs.filter(({ event }) => event === 'closed')
  assert.deepEqual(
    closed.map(({ code, initiator }) => [code, initiator]),
    [1, 2, 3].map(() => [1006, 'client']),
  )
  // The backend did nothing wrong.
  assert.deepEqual(
    all.proxy.logs.filter(({ event }) => event === 'upstream_failed'),
    [],
  )
})

test('a backend on a unix socket', async (t) => {
  const folder = await temporaryFolder(t)
  const server = createServer().listen(join(folder, 's'))
  t.after(() => server.close())
  await once(server, 'listening')
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(String(text))))
  const proxy = await startTestProxy({ env: { WS_UPSTREAM: `unix:${join(folder, 's')}` } })
  t.after(() => proxy.stop())
  const client = await ask(t, proxy.port, { glued: masked(1, 'over unix') })
  assert.deepEqual(
    (await client.count(1)).map(({ payload }) => String(payload)),
    ['over unix'],
  )
  client.send(masked(8, ''))
  await client.close()
})

test('a backend over TLS: trusted or nothing', async () => {
  const run = promisify(execFile)
  const [script, certificate] = ['tls-backend.ts', '../support/tls/first.cert.pem'].map((name) =>
    join(import.meta.dirname, name),
  )
  const connected = async (env: NodeJS.ProcessEnv) => {
    const options = { env: { PATH: process.env.PATH, ...env }, timeout: 20_000 }
    // The script prints exactly this.
    return JSON.parse((await run(process.execPath, [script ?? ''], options)).stdout) as Seen
  }
  const [trusted, untrusted] = await Promise.all([connected({ NODE_EXTRA_CA_CERTS: certificate }), connected({})])
  assert.deepEqual(trusted, { echoed: 'echo over TLS', asked: ['localhost'], close: '1005 ', failure: '' })
  assert.equal(untrusted.close, '1014 Bad gateway')
  assert.match(untrusted.failure, /self-signed/)
})

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wsluice-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

/** A proxy in front of a first backend that accepts no connection (a TLS handshake never answered), and of a good second. */
async function behindBlackHole(t: TestContext, more = '') {
  const silent = await rawServer(t)
  const all = await proxied(t, {
    yaml: `upstream: ["https://127.0.0.1:${silent.port}", UPSTREAM]\nhandshakeTimeout: 400ms\n${more}`,
  })
  return { ...all, silent }
}

test('an upstream that swallows the connection leaves time for the next', async (t) => {
  const { proxy, backend, silent } = await behindBlackHole(t)
  const client = await ask(t, proxy.port)
  await accept(await backend(0))
  assert.equal((await client.head()).status, 101)
  const failed = await proxy.line(({ event }) => event === 'upstream_failed')
  assert.match(String(failed.detail), /^no connection within 200 ms$/)
  await (await silent.connection(0)).ended
})

test('all upstreams together have the time that one has', async (t) => {
  const { proxy, backend } = await behindBlackHole(t)
  const client = await ask(t, proxy.port)
  await (await backend(0)).head()
  assert.deepEqual(await client.close(), { code: 1014, reason: 'Bad gateway' })
  assert.equal((await proxy.line(({ event }) => event === 'closed')).reason, 'upstream_timeout')
  const [, second] = proxy.logs.filter(({ event }) => event === 'upstream_failed')
  const [, ms] = /^no answer within (\d+) ms$/.exec(String(second?.detail)) ?? []
  assert.ok(Number(ms) <= 201, String(second?.detail))
})

test('the connection to a backend is kept alive by the kernel, and does not wait to fill packets', async (t) => {
  const all = await proxied(t)
  const handle = await handleOf(t, all.server.port)
  const alive = t.mock.method(handle, 'setKeepAlive')
  const noDelay = t.mock.method(handle, 'setNoDelay')
  await openOn(t, all, 1)
  // It is a mock of theirs.
  const toBackend = (calls: readonly { readonly this: unknown; readonly arguments: unknown[] }[]) =>
    calls.filter((call) => peerPort(call.this as Handle) === all.server.port).map((call) => call.arguments)
  assert.deepEqual(toBackend(alive.mock.calls), [[true, 60]])
  assert.deepEqual(toBackend(noDelay.mock.calls), [[true]])
})

/** Below every socket, of node's or not. */
interface Handle {
  readonly setKeepAlive: (isOn: boolean, seconds: number) => number
  readonly setNoDelay: (isOn: boolean) => number
  readonly getpeername: (out: { port?: number }) => number
}

/** What all handles of TCP inherit. */
async function handleOf(t: TestContext, port: number): Promise<Handle> {
  const socket = connect({ port, host: '127.0.0.1' })
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  // Undocumented.
  const { _handle } = socket as unknown as { _handle: Handle }
  return Object.getPrototypeOf(_handle)
}

function peerPort(handle: Handle): number | undefined {
  const peer: { port?: number } = {}
  handle.getpeername(peer)
  return peer.port
}

test('Expect of a handshake is not passed on, and bytes beside it stay as they are', async (t) => {
  const all = await proxied(t)
  await ask(t, all.proxy.port, { headers: ['X-Latin: caf\xe9', 'Expect: 100-continue'] })
  const upstream = await all.backend(0)
  const { header } = await upstream.head()
  assert.deepEqual([header('X-Latin'), header('Expect')], ['caf\xe9', undefined])
})
