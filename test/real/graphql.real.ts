/** graphql-ws: a server and a client of that protocol, and its close codes with the preset of its name. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { type Client, createClient, GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocket, WebSocketServer } from 'ws'
import { schema } from '../support/graphql-schema.ts'
import { startTestProxy, type TestProxy } from '../support/proxy.ts'

/** The messages of a client in graphql-transport-ws, by their type. */
const id = { type: 'string', minLength: 1, maxLength: 100 }
const about = (required: readonly string[], properties: object) =>
  JSON.stringify({
    type: 'object',
    required,
    properties: { type: true, payload: { type: ['object', 'null'] }, ...properties },
    additionalProperties: false,
  })
const operation = {
  type: 'object',
  required: ['query'],
  properties: {
    query: { type: 'string', maxLength: 1000, not: { pattern: '__schema' } },
    operationName: { type: ['string', 'null'] },
    variables: { type: ['object', 'null'] },
    extensions: { type: ['object', 'null'] },
  },
  additionalProperties: false,
}
const SCHEMAS = {
  '/test/control.json': about(['type'], {}),
  '/test/subscribe.json': about(['type', 'id', 'payload'], { id, payload: operation }),
  '/test/complete.json': about(['type', 'id'], { id }),
}
const TYPED = `
    messages:
      kinds: [text]
      maxDepth: 12
      schemas:
        connection_init: control.json
        ping: control.json
        pong: control.json
        subscribe: subscribe.json
        complete: complete.json`

let backend: WebSocketServer
let proxy: TestProxy
const clients: Client[] = []

before(async () => {
  backend = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  useServer({ schema, connectionInitWaitTimeout: 300 }, backend)
  await once(backend, 'listening')
  // A server on a TCP port has an address that is no string.
  const { port } = backend.address() as AddressInfo
  proxy = await startTestProxy({
    yaml: `
upstream: http://127.0.0.1:${port}
closeCodes: { preset: graphql-ws }
routes:
  - { path: /graphql, limits: { messages: { perConnection: 100/s } } }
  - { path: /private, token: { secret: a-secret-of-these-tests-forty-bytes-long } }
  - { path: /slow, limits: { messages: { perConnection: 1/min } } }
  - path: /typed${TYPED}`,
    files: SCHEMAS,
  })
})

after(async () => {
  await Promise.all(clients.map((client) => client.dispose()))
  await proxy?.stop()
  for (const socket of backend?.clients ?? []) socket.terminate()
  backend?.close()
})

const LIMIT = { timeout: 20_000 }

function connect(path: string): Client {
  const client = createClient({ url: proxy.url(path), webSocketImpl: WebSocket, retryAttempts: 0 })
  clients.push(client)
  return client
}

async function results(client: Client, query: string): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { data } of client.iterate({ query })) found.push(data)
  return found
}

test('a query and a subscription run through', LIMIT, async () => {
  const client = connect('/graphql')
  assert.deepEqual(await results(client, '{ answer }'), [{ answer: 42 }])
  const counted = [1, 2, 3].map((count) => ({ count }))
  assert.deepEqual(await results(client, 'subscription { count }'), counted)
})

/** [name, path, code, reason]: graphql-ws rejects with the CloseEvent. */
const CLOSES = [
  ['no token', '/private', 4401, 'Invalid or expired authentication token'],
  ['too many messages', '/slow', 4429, 'Rate limit exceeded'],
] as const

for (const [name, path, code, reason] of CLOSES) {
  test(`${name}: ${code}`, LIMIT, async () => {
    await assert.rejects(results(connect(path), 'subscription { count }'), (error) => {
      const event = error as { readonly code: number; readonly reason: string }
      assert.deepEqual({ code: event.code, reason: event.reason }, { code, reason })
      return true
    })
  })
}

test("the server's own close code passes", LIMIT, async () => {
  const socket = new WebSocket(proxy.url('/graphql'), GRAPHQL_TRANSPORT_WS_PROTOCOL)
  const [code, reason] = await once(socket, 'close')
  assert.deepEqual([code, String(reason)], [4408, 'Connection initialisation timeout'])
})

test(
  'by the types of its messages: all that the client says passes, and what it may not say ends it',
  LIMIT,
  async () => {
    const client = connect('/typed')
    assert.deepEqual(await results(client, '{ answer }'), [{ answer: 42 }])
    assert.deepEqual((await results(client, 'subscription { count }')).length, 3)
    await assert.rejects(results(client, '{ __schema { types { name } } }'), (error) => {
      const { code, reason } = error as { readonly code: number; readonly reason: string }
      assert.deepEqual([code, reason], [1007, 'Invalid message'])
      return true
    })
    const { detail } = await proxy.line(({ event, reason }) => event === 'violated' && reason === 'message_invalid')
    assert.match(String(detail), /^type "subscribe": \/payload\/query must NOT be valid/)
  },
)

test("a type of the older protocol is not in the route's schemas", LIMIT, async () => {
  const socket = new WebSocket(proxy.url('/typed'), GRAPHQL_TRANSPORT_WS_PROTOCOL)
  await once(socket, 'open')
  socket.send('{"type":"start","id":"1","payload":{"query":"{ answer }"}}')
  const [code, reason] = await once(socket, 'close')
  assert.deepEqual([code, String(reason)], [1007, 'Invalid message'])
})
