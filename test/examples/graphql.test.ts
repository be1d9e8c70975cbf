/** config/graphql.yaml, between a server and a client of graphql-ws. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql'
import { type Client, createClient } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocket, WebSocketServer } from 'ws'
import { listening } from './backends.ts'
import { checkExample, startExample, tokenOf } from './example.ts'

const EXAMPLE = { name: 'graphql', secrets: ['graphql-token'] }
const PAGE = 'https://app.example.com'

async function* countToThree() {
  yield* [1, 2, 3]
}

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: { long: { type: GraphQLString, args: { text: { type: GraphQLString } }, resolve: () => 'read' } },
  }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: { count: { type: GraphQLInt, subscribe: countToThree, resolve: (value) => value } },
  }),
})

/** The backend, and what it was offered and told by the last client. */
async function graphqlBackend(t: TestContext) {
  const server = createServer()
  const sockets = new WebSocketServer({ server, path: '/graphql' })
  let offered = ''
  let told: unknown
  const onConnect = ({ connectionParams }: { connectionParams?: unknown }) => {
    told = connectionParams
  }
  useServer({ schema, onConnect }, sockets)
  sockets.on('connection', (_, { headers }) => {
    offered = headers['sec-websocket-protocol'] ?? ''
  })
  t.after(() => {
    for (const client of sockets.clients) client.terminate()
  })
  return { upstream: await listening(t, server), last: () => ({ offered, told }) }
}

interface Visitor {
  readonly origin?: string
  readonly token?: string
  readonly retryAttempts?: number
}

/** A client as the comments of the example say. */
function connect(t: TestContext, url: string, { origin = PAGE, token, retryAttempts = 0 }: Visitor): Client {
  const webSocketImpl = class extends WebSocket {
    constructor(to: string, offered: string) {
      super(to, [offered], { origin })
    }
  }
  const connectionParams = token === undefined ? {} : { authorization: token }
  const client = createClient({ url, webSocketImpl, connectionParams, retryAttempts, retryWait: async () => {} })
  t.after(() => client.dispose())
  return client
}

async function results(client: Client, query: string, variables?: Record<string, unknown>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { data } of client.iterate(variables ? { query, variables } : { query })) found.push(data)
  return found
}

/** What the client throws: a CloseEvent. */
async function closeOf(answer: Promise<unknown>): Promise<string> {
  const event = await answer.then(
    () => assert.fail('it was answered'),
    (error) => error as { readonly code: number; readonly reason: string },
  )
  return `${event.code} ${event.reason}`
}

const SUBSCRIPTION = 'subscription { count }'

test('wsluice check', async (t) => {
  const { code, errors } = await checkExample(t, EXAMPLE)
  assert.equal(code, 0, errors)
})

test('subscriptions', async (t) => {
  const backend = await graphqlBackend(t)
  const { place } = await startExample(t, { ...EXAMPLE, upstream: backend.upstream })
  const url = `ws://${place}/graphql`
  const token = await tokenOf({})

  await t.test('with a token: admitted; the backend gets the message that it came in', async (t) => {
    const counted = [1, 2, 3].map((count) => ({ count }))
    assert.deepEqual(await results(connect(t, url, { token }), SUBSCRIPTION), counted)
    assert.deepEqual(backend.last(), { offered: 'graphql-transport-ws', told: { authorization: token } })
  })

  const REFUSED: [name: string, visitor: Visitor, expected: string][] = [
    ['no token', {}, '4401 Invalid or expired authentication token'],
    ['a token of yesterday', { token: await tokenOf({}, -60) }, '4401 Invalid or expired authentication token'],
    ['a foreign page', { token, origin: 'https://evil.example' }, '4403 Origin not allowed'],
  ]
  for (const [name, visitor, expected] of REFUSED) {
    await t.test(`${name}: ${expected}`, async (t) => {
      assert.equal(await closeOf(results(connect(t, url, visitor), SUBSCRIPTION)), expected)
    })
  }

  /** How often a client comes that may try three times more. */
  async function attempts(t: TestContext, visitor: Visitor): Promise<number> {
    const client = connect(t, url, { ...visitor, retryAttempts: 3 })
    let closed = 0
    client.on('closed', () => closed++)
    await closeOf(results(client, SUBSCRIPTION))
    return closed
  }

  await t.test('after 4401 a client gives up, after 4403 it tries again', async (t) => {
    assert.equal(await attempts(t, {}), 1)
    assert.equal(await attempts(t, { token, origin: 'https://evil.example' }), 4)
  })

  await t.test('ten connections of a user, not eleven: 4429', async (t) => {
    const user = await tokenOf({ sub: 'bob' })
    const open = Array.from({ length: 10 }, () => new WebSocket(url, 'graphql-transport-ws', { origin: PAGE }))
    t.after(() => {
      for (const socket of open) socket.terminate()
    })
    const init = JSON.stringify({ type: 'connection_init', payload: { authorization: user } })
    await Promise.all(
      open.map(async (socket) => {
        await once(socket, 'open')
        socket.send(init)
        await once(socket, 'message')
      }),
    )
    const eleventh = results(connect(t, url, { token: user }), SUBSCRIPTION)
    assert.equal(await closeOf(eleventh), '4429 Too many connections')
  })

  await t.test('fifty messages a second, not fifty-one: 4429', async (t) => {
    const client = connect(t, url, { token })
    const many = Promise.all(Array.from({ length: 60 }, () => results(client, SUBSCRIPTION)))
    assert.equal(await closeOf(many), '4429 Rate limit exceeded')
  })

  await t.test('no message above 256 KiB: 1009', async (t) => {
    const query = 'query Long($text: String) { long(text: $text) }'
    const client = connect(t, url, { token })
    assert.deepEqual(await results(client, query, { text: 'x'.repeat(200 * 1024) }), [{ long: 'read' }])
    const tooLong = results(client, query, { text: 'x'.repeat(256 * 1024) })
    assert.equal(await closeOf(tooLong), '1009 Message too big')
  })
})
