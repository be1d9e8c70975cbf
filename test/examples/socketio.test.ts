/** config/socketio.yaml, between a server and a client of socket.io. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { Server } from 'socket.io'
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import { listening } from './backends.ts'
import { checkExample, startExample, tokenOf } from './example.ts'

const EXAMPLE = { name: 'socketio', secrets: ['socketio-token'] }
const PAGE = 'https://chat.example.com'

/** Two servers on one port, as the example has two paths; each echoes, and says with which query a client came. */
async function socketioBackend(t: TestContext): Promise<string> {
  const http = createServer()
  const servers = ['/socket.io/', '/news/socket.io/'].map((path) => new Server(http, { path, serveClient: false }))
  for (const server of servers) {
    server.on('connection', (socket) => {
      socket.on('echo', (data: unknown, answer: (data: unknown) => void) => answer(data))
      socket.on('query', (answer: (query: object) => void) => answer(socket.handshake.query))
    })
    t.after(() => server.close())
  }
  return listening(t, http)
}

type Options = Partial<ManagerOptions & SocketOptions>

function connect(t: TestContext, place: string, options: Options): Socket {
  const client = io(`http://${place}`, { forceNew: true, reconnection: false, timeout: 1000, ...options })
  t.after(() => client.close())
  return client
}

const connected = (client: Socket) => new Promise<void>((resolve) => client.once('connect', resolve))
const refused = (client: Socket) => new Promise<Error>((resolve) => client.once('connect_error', resolve))

/** What a client knows of an end: a CloseEvent, in its details. */
interface Details {
  readonly context?: { readonly code?: number; readonly reason?: string }
}

const closeIn = (details: unknown) => {
  // socket.io declares the details of an end wider than they are.
  const { code, reason } = (details as Details).context ?? {}
  return `${code} ${reason}`
}

/** Of a client that never was connected, as the comments of the example say. */
const engineClose = (client: Socket) =>
  new Promise<string>((resolve) => client.io.engine.once('close', (_, details) => resolve(closeIn(details))))

/** Of a client that was. */
const disconnected = (client: Socket) =>
  new Promise<string>((resolve) => client.once('disconnect', (_, details) => resolve(closeIn(details))))

const page = (token?: string): Options => ({
  transports: ['websocket'],
  extraHeaders: { Origin: PAGE },
  ...(token === undefined ? {} : { query: { token } }),
})

test('wsluice check', async (t) => {
  const { code, errors } = await checkExample(t, EXAMPLE)
  assert.equal(code, 0, errors)
})

test('the chat', async (t) => {
  const { place } = await startExample(t, { ...EXAMPLE, upstream: await socketioBackend(t) })
  const token = await tokenOf({})

  await t.test('over WebSocket, with a token: admitted, and the backend does not see it', async (t) => {
    const client = connect(t, place, page(token))
    await connected(client)
    const data = { text: 'Grüße', bytes: Buffer.alloc(1000, 7) }
    assert.deepEqual(await client.emitWithAck('echo', data), data)
    const query = await client.emitWithAck('query')
    assert.equal(query.token, undefined)
    assert.equal(query.transport, 'websocket')
  })

  await t.test('by polling: 426, token or not', async (t) => {
    const polled = await fetch(`http://${place}/socket.io/?EIO=4&transport=polling&token=${token}`)
    assert.equal(polled.status, 426)
    const { message } = await refused(connect(t, place, { transports: ['polling'], query: { token } }))
    assert.match(message, /poll error/)
  })

  const REFUSED: [name: string, options: Options, expected: string][] = [
    ['no token', page(), '4401 Invalid or expired authentication token'],
    ['a token of yesterday', page(await tokenOf({}, -60)), '4401 Invalid or expired authentication token'],
    ['a foreign page', { ...page(token), extraHeaders: { Origin: 'https://evil.example' } }, '1008 Origin not allowed'],
  ]
  for (const [name, options, expected] of REFUSED) {
    await t.test(`${name}: ${expected}, read from the engine; then socket.io's own timeout`, async (t) => {
      const client = connect(t, place, options)
      const error = refused(client)
      assert.equal(await engineClose(client), expected)
      assert.equal((await error).message, 'timeout')
    })
  }

  await t.test('five connections of a user, not six', async (t) => {
    const bob = page(await tokenOf({ sub: 'bob' }))
    await Promise.all(Array.from({ length: 5 }, () => connected(connect(t, place, bob))))
    assert.equal(await engineClose(connect(t, place, bob)), '1008 Too many connections')
  })

  await t.test('ten messages a second, not eleven', async (t) => {
    const client = connect(t, place, page(await tokenOf({ sub: 'eve' })))
    await connected(client)
    const end = disconnected(client)
    for (let sent = 0; sent < 11; sent++) client.emit('said', sent)
    assert.equal(await end, '1008 Rate limit exceeded')
  })

  await t.test('no message above 64 KiB', async (t) => {
    const client = connect(t, place, page(await tokenOf({ sub: 'eve' })))
    await connected(client)
    const end = disconnected(client)
    client.emit('said', 'x'.repeat(64 * 1024))
    assert.equal(await end, '1009 Message too big')
  })
})

test('the news', async (t) => {
  const { place } = await startExample(t, { ...EXAMPLE, upstream: await socketioBackend(t) })
  const news = (transports: string[]) => connect(t, place, { path: '/news/socket.io/', transports })

  await t.test('by polling: passes', async () => {
    const client = news(['polling'])
    await connected(client)
    assert.equal(await client.emitWithAck('echo', 'hello'), 'hello')
    client.close()
  })

  await t.test('from polling to WebSocket', async () => {
    const client = news(['polling', 'websocket'])
    await connected(client)
    const { engine } = client.io
    if (engine.transport.name !== 'websocket') await new Promise((resolve) => engine.once('upgrade', resolve))
    assert.equal(await client.emitWithAck('echo', 'hello'), 'hello')
    client.close()
  })

  await t.test('over WebSocket five messages a second, not six', async () => {
    const client = news(['websocket'])
    await connected(client)
    const end = disconnected(client)
    // The first message was that of socket.io itself.
    for (let sent = 0; sent < 5; sent++) client.emit('said', sent)
    assert.equal(await end, '1008 Rate limit exceeded')
  })
})
