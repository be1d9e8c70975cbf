/** How long a connection may live, with clients and backends that are not ours. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { startTestProxy, type TestProxy } from '../support/proxy.ts'
import { scrape } from '../support/scrape.ts'
import { eventually } from '../support/upgrades.ts'

interface Tried {
  readonly proxy: TestProxy
  readonly connect: (options?: object) => Promise<WebSocket>
  /** What the backend was sent, and the pings and pongs it saw. */
  readonly seen: string[]
  /** The codes that its connections ended with. */
  readonly codes: number[]
}

/** A proxy in front of an echo backend of `ws`, with these settings of a session. */
async function tried(t: TestContext, session: string): Promise<Tried> {
  const seen: string[] = []
  const codes: number[] = []
  const backend = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(backend, 'listening')
  backend.on('connection', (socket) => {
    socket.on('message', (data) => {
      seen.push(String(data))
      socket.send(String(data))
    })
    socket.on('ping', (data) => seen.push(`ping ${data}`))
    socket.on('pong', (data) => seen.push(`pong ${data}`))
    socket.on('close', (code) => codes.push(code))
  })
  // A TCP server's address is never a string or null while it listens.
  const { port } = backend.address() as { port: number }
  const yaml = `upstream: http://127.0.0.1:${port}\nroutes:\n  - name: r\n    path: /*\n    session: { ${session} }\n`
  const proxy = await startTestProxy({ yaml })
  const sockets: WebSocket[] = []
  t.after(async () => {
    for (const socket of sockets) socket.terminate()
    await proxy.stop()
    backend.close()
  })
  const connect = async (options = {}) => {
    const socket = new WebSocket(proxy.url('/'), options)
    sockets.push(socket)
    ends.set(socket, new Promise((resolve) => socket.once('close', (code, reason) => resolve(`${code} ${reason}`))))
    await once(socket, 'open')
    return socket
  }
  return { proxy, connect, seen, codes }
}

/** Listened for from the beginning: on a busy machine the first of many may be over before the last is open. */
const ends = new WeakMap<WebSocket, Promise<string>>()
const ended = (socket: WebSocket) => ends.get(socket)

test('a client that does not answer pings is ended, one that does is not; the backend hears of neither', async (t) => {
  const { proxy, connect, seen, codes } = await tried(t, 'ping: 200ms, pong: 1500ms')
  const [lively, silent] = await Promise.all([connect(), connect({ autoPong: false })])
  let pings = 0
  lively.on('ping', () => pings++)
  assert.equal(await ended(silent), '1001 Session timeout')
  await eventually(() => pings >= 6, 'pings')
  lively.send('still here')
  assert.equal(String((await once(lively, 'message'))[0]), 'still here')
  assert.deepEqual(seen, ['still here'])
  assert.deepEqual(codes, [1001])
  const line = await proxy.line(({ event }) => event === 'closed')
  assert.deepEqual([line.reason, line.code, line.initiator], ['pong_timeout', 1001, 'proxy'])
  const metric = 'ws_close_codes_total{code="1001",reason="pong_timeout",initiator="proxy"}'
  assert.equal(await scrape(proxy.ops, metric), 1)
  assert.equal(lively.readyState, WebSocket.OPEN)
})

test('pings of the client and of its backend pass beside ours', async (t) => {
  const { connect, seen } = await tried(t, 'ping: 100ms, pong: 5s')
  const client = await connect()
  const pongs: string[] = []
  client.on('pong', (data) => pongs.push(String(data)))
  for (let index = 0; index < 10; index++) {
    client.ping(`p${index}`)
    await eventually(() => pongs.length === index + 1, 'its pong')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const numbers = Array.from({ length: 10 }, (_, index) => `p${index}`)
  assert.deepEqual(pongs, numbers)
  assert.deepEqual(
    seen,
    numbers.map((name) => `ping ${name}`),
  )
})

test('idle and maxAge: both sides see why, and a dry run sees nothing', async (t) => {
  const idle = await tried(t, 'idle: 200ms')
  assert.equal(await ended(await idle.connect()), '1001 Session timeout')
  await eventually(() => idle.codes.length === 1, 'the end at the backend')
  assert.deepEqual(idle.codes, [1001])
  const aged = await tried(t, 'maxAge: 300ms, maxAgeJitter: 0s')
  const talking = await aged.connect()
  const talk = setInterval(() => talking.send('on and on'), 20)
  assert.equal(await ended(talking), '1001 Session timeout')
  clearInterval(talk)
  assert.equal((await aged.proxy.line(({ event }) => event === 'closed')).reason, 'session_max_age')

  const dry = await tried(t, 'idle: 100ms, maxAge: 200ms, ping: 100ms, pong: 150ms, mode: dry-run')
  const client = await dry.connect()
  client.on('ping', () => assert.fail('a dry run pings nobody'))
  const reasons = () => dry.proxy.logs.flatMap(({ event, reason }) => (event === 'violated' ? [reason] : []))
  await eventually(() => reasons().length === 2, 'both reports')
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.deepEqual(reasons().sort(), ['session_idle', 'session_max_age'])
  const line = dry.proxy.logs.find(({ event }) => event === 'violated')
  assert.deepEqual([line?.outcome, line?.check, line?.action], ['would_reject', 'session', 'none'])
  client.send('alive')
  assert.equal(String((await once(client, 'message'))[0]), 'alive')
})

test('nothing is left of connections that ended by themselves', async (t) => {
  const { proxy, connect, codes } = await tried(t, 'idle: 300ms, maxAge: 10m, ping: 100ms, pong: 5s')
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect()))
  await Promise.all(clients.map(ended))
  await eventually(() => codes.length === 100, 'every end')
  await eventually(() => proxy.running.held().sessions === 0, 'no session')
  const { deadlines, ...held } = proxy.running.held()
  assert.deepEqual([held.sessions, held.counts, held.lingering], [0, 0, 0])
  assert.ok(deadlines <= 1, `${deadlines} deadlines`)
})
