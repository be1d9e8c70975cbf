/** graphql-ws, client and server: the token stands in `connectionParams`, and the server checks nothing. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createClient } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocket, WebSocketServer } from 'ws'
import { mint, SECRET } from '../support/first-message.ts'
import { schema } from '../support/graphql-schema.ts'
import { startTestProxy } from '../support/proxy.ts'
import { within } from '../support/upgrades.ts'

async function serving(t: TestContext) {
  const backend = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  const seen: unknown[] = []
  const onConnect = ({ connectionParams }: { connectionParams?: unknown }) => void seen.push(connectionParams)
  useServer({ schema, onConnect }, backend)
  await once(backend, 'listening')
  // A server on a TCP port has an address that is no string.
  const { port } = backend.address() as AddressInfo
  let connections = 0
  backend.on('connection', () => connections++)
  const proxy = await startTestProxy({
    yaml: `
upstream: http://127.0.0.1:${port}
closeCodes: { preset: graphql-ws }
routes: [{ path: /graphql, token: { secret: ${SECRET}, from: ["message:payload.authorization"], firstMessage: { timeout: 300ms } } }]`,
  })
  t.after(async () => {
    for (const socket of backend.clients) socket.terminate()
    backend.close()
    await proxy.stop()
  })
  const client = (connectionParams: Record<string, unknown>) => {
    const url = proxy.url('/graphql')
    const made = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, connectionParams })
    t.after(() => made.dispose())
    return made
  }
  const results = async (connectionParams: Record<string, unknown>, query: string) => {
    const found: unknown[] = []
    for await (const { data } of client(connectionParams).iterate({ query })) found.push(data)
    return found
  }
  return { proxy, seen, results, connections: () => connections }
}

test('queries and subscriptions of who shows a good token', async (t) => {
  const { seen, results, connections } = await serving(t)
  const params = { authorization: `Bearer ${await mint()}` }
  assert.deepEqual(await within(results(params, '{ answer }'), () => 'the answer'), [{ answer: 42 }])
  const counted = [1, 2, 3].map((count) => ({ count }))
  assert.deepEqual(await within(results(params, 'subscription { count }'), () => 'three'), counted)
  assert.deepEqual([seen, connections()], [[params, params], 2])
})

test('without one, or with a bad one, the client sees 4401 and the server nothing', async (t) => {
  const { results, connections } = await serving(t)
  for (const params of [{}, { authorization: 'x.y.z' }]) {
    await assert.rejects(
      within(results(params, '{ answer }'), () => 'a refusal'),
      (error) => {
        // graphql-ws rejects with the CloseEvent.
        const { code, reason } = error as { readonly code: number; readonly reason: string }
        assert.deepEqual([code, reason], [4401, 'Invalid or expired authentication token'])
        return true
      },
    )
  }
  assert.equal(connections(), 0)
})

test('who says nothing sees 4408', async (t) => {
  const { proxy, connections } = await serving(t)
  const socket = new WebSocket(proxy.url('/graphql'), 'graphql-transport-ws')
  const [code] = await within(once(socket, 'close'), () => 'the Close')
  assert.deepEqual([code, socket.protocol, connections()], [4408, 'graphql-transport-ws', 0])
})
