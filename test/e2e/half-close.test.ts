/** FIN without a Close: what the other side still sends is delivered (contract section 8, Ends). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { startTestProxy } from '../support/proxy.ts'
import { listenTo, portOf } from '../support/raw.ts'
import { accept, type End, endOf, handshake } from '../support/upgrades.ts'
import { bare, closeOf, closing, masked } from '../support/wire-frames.ts'

/** A client and a backend that answer FIN only when the test says so. */
async function halfOpen(t: TestContext): Promise<{ client: End; upstream: End; closed: () => Promise<unknown> }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startTestProxy({ env: { WS_UPSTREAM: `http://127.0.0.1:${portOf(server)}` } })
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  const client = endOf(listenTo(socket))
  client.send(`${handshake()}\r\n\r\n`)
  // The event's one argument is the socket.
  const [accepted] = (await once(server, 'connection')) as [Socket]
  const upstream = endOf(listenTo(accepted))
  await accept(upstream)
  await client.head()
  t.after(async () => {
    socket.destroy()
    accepted.destroy()
    server.close()
    await proxy.stop()
  })
  return { client, upstream, closed: () => proxy.line(({ event }) => event === 'closed') }
}

const texts = ({ frames }: End) =>
  frames()
    .filter(({ opcode }) => opcode === 1)
    .map(({ payload }) => String(payload))

test('of a client: the backend is told, and what it then sends arrives', async (t) => {
  const { client, upstream, closed } = await halfOpen(t)
  client.send(masked(1, 'question'))
  client.raw.socket.end()
  await upstream.ended()
  assert.deepEqual([texts(upstream), (await upstream.close()).code], [['question'], 1001])
  upstream.send(bare(1, 'answer') + bare(1, 'and more'))
  upstream.send(bare(8, closing(1001)))
  upstream.raw.socket.end()
  await client.ended()
  assert.deepEqual([texts(client), (await client.close()).code], [['answer', 'and more'], 1001])
  const { code, initiator } = (await closed()) as Record<string, unknown>
  assert.deepEqual([code, initiator], [1006, 'client'])
})

test('of a backend: the client is told, and what it then sends arrives', async (t) => {
  const { client, upstream, closed } = await halfOpen(t)
  upstream.send(bare(1, 'last'))
  upstream.raw.socket.end()
  await client.ended()
  assert.deepEqual([texts(client), await client.close()], [['last'], { code: 1014, reason: 'Bad gateway' }])
  client.send(masked(1, 'save this') + masked(8, closing(1014)))
  assert.equal((await upstream.close()).code, 1014)
  assert.deepEqual(texts(upstream), ['save this'])
  client.raw.socket.end()
  await upstream.ended()
  const { code, initiator } = (await closed()) as Record<string, unknown>
  assert.deepEqual([code, initiator], [1014, 'upstream'])
})

test('of both at once: two FINs, nothing hangs', async (t) => {
  const { client, upstream, closed } = await halfOpen(t)
  client.raw.socket.end()
  upstream.raw.socket.end()
  await Promise.all([client.ended(), upstream.ended(), closed()])
  for (const frame of [...client.frames(), ...upstream.frames()]) assert.ok(closeOf(frame))
})
