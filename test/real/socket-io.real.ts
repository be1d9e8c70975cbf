/** socket.io: its WebSocket transport is judged, its polling transport is ordinary HTTP, and `http: refuse` closes that door. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import { after, before, test } from 'node:test'
import { Server } from 'socket.io'
import { io, type Socket } from 'socket.io-client'
import { startTestProxy, type TestProxy } from '../support/proxy.ts'
import { portOf } from '../support/raw.ts'

let http: HttpServer
const servers: Server[] = []
let proxy: TestProxy
const clients: Socket[] = []

before(async () => {
  http = createServer()
  for (const path of ['/socket.io/', '/text/', '/judged/', '/guarded/']) {
    const server = new Server(http, { path, serveClient: false, maxHttpBufferSize: 4 * 1024 * 1024 })
    server.on('connection', (socket) => {
      socket.on('echo', (data: unknown, answer: (data: unknown) => void) => answer(data))
      socket.on('leave', () => socket.disconnect(true))
    })
    servers.push(server)
  }
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  proxy = await startTestProxy({
    yaml: `
upstream: http://127.0.0.1:${portOf(http)}
routes:
  - { name: closed, path: /closed/, http: refuse }
  - { name: text, path: /text/, http: refuse, messages: { kinds: [text] }, limits: { messageSize: 1KiB } }
  - { name: judged, path: /judged/, http: refuse, messages: { schema: schema.json } }
  - { name: guarded, path: /guarded/, http: refuse, outbound: { deny: ["sk-[a-z]{8,}"], action: redact } }
  - { name: socketio, path: /socket.io/, limits: { messages: { perConnection: 100/s } } }`,
    files: { '/test/schema.json': '{}' },
  })
})

after(async () => {
  for (const client of clients) client.close()
  await Promise.all(servers.map((server) => server.close()))
  await proxy?.stop()
})

const LIMIT = { timeout: 20_000 }

function connect(options: { readonly transports: string[]; readonly path?: string }): Socket {
  const client = io(`http://127.0.0.1:${proxy.port}`, { ...options, forceNew: true, reconnection: false })
  clients.push(client)
  return client
}

const echo = (client: Socket, data: unknown): Promise<unknown> => client.timeout(10_000).emitWithAck('echo', data)

for (const [name, transports, last] of [
  ['over WebSocket', ['websocket'], 'websocket'],
  ['over polling', ['polling'], 'polling'],
  ['from polling to WebSocket', ['polling', 'websocket'], 'websocket'],
] as const) {
  test(`events and binary attachments ${name}`, LIMIT, async () => {
    const client = connect({ transports: [...transports] })
    await new Promise<void>((resolve) => client.once('connect', resolve))
    const { engine } = client.io
    if (engine.transport.name !== last) await new Promise((resolve) => engine.once('upgrade', resolve))
    assert.equal(engine.transport.name, last)
    const data = { text: 'Grüße', bytes: Buffer.alloc(1024 * 1024, 7) }
    assert.deepEqual(await echo(client, data), data)
    const left = new Promise((resolve) => client.once('disconnect', resolve))
    client.emit('leave')
    assert.equal(await left, 'io server disconnect')
  })
}

test('a route with `http: refuse` closes the polling transport', LIMIT, async () => {
  const polled = await fetch(`http://127.0.0.1:${proxy.port}/closed/?EIO=4&transport=polling`)
  assert.equal(polled.status, 426)
  const client = connect({ transports: ['polling'], path: '/closed/' })
  const error = await new Promise<Error>((resolve) => client.once('connect_error', resolve))
  assert.match(error.message, /poll error/)
})

const opened = (client: Socket) => new Promise<void>((resolve) => client.once('connect', resolve))

/** How the engine below lost its connection. */
const lost = (client: Socket) => new Promise<string>((resolve) => client.once('disconnect', resolve))

test('kinds and sizes: events pass, an attachment or too long an event ends the connection', LIMIT, async () => {
  const ends = [
    ['an attachment', Buffer.alloc(10), 'kind_not_allowed'],
    ['too long', randomBytes(2000).toString('hex'), 'message_too_big'],
  ] as const
  for (const [name, data, reason] of ends) {
    const client = connect({ transports: ['websocket'], path: '/text/' })
    await opened(client)
    assert.equal(await echo(client, 'short'), 'short', name)
    const end = lost(client)
    client.emit('echo', data, () => {})
    assert.equal(await end, 'transport close', name)
    await proxy.line((line) => line.event === 'closed' && line.reason === reason)
  }
})

test('a schema: its packets are no JSON, and the log says what they are', LIMIT, async () => {
  const client = connect({ transports: ['websocket'], path: '/judged/' })
  // The packet that connects is a number to JSON.
  await opened(client)
  const end = lost(client)
  client.emit('echo', 'short', () => {})
  assert.equal(await end, 'transport close')
  const { reason, detail } = await proxy.line(({ event, route }) => event === 'violated' && route === 'judged')
  assert.equal(reason, 'message_invalid')
  assert.match(String(detail), /^it is not JSON, but a packet of socket\.io/)
})

test("outbound: secrets are cut out of the server's events", LIMIT, async () => {
  const client = connect({ transports: ['websocket'], path: '/guarded/' })
  await opened(client)
  assert.equal(await echo(client, 'a sk-abcdefghijkl b'), 'a [redacted] b')
})
