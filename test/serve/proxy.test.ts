/** The end of the listener: what is under way is answered, and nothing idle is waited for. */
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { startTestProxy } from '../support/proxy.ts'
import { portOf, rawClient } from '../support/raw.ts'
import { eventually, within } from '../support/upgrades.ts'

/** A proxy that would wait a minute for its connections. */
async function proxying(t: TestContext, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await eventually(() => server.listening, 'the backend')
  const proxy = await startTestProxy({
    env: { WS_UPSTREAM: `http://127.0.0.1:${portOf(server)}`, WS_DRAIN_TIMEOUT: '60s', WS_HANDSHAKE_TIMEOUT: '60s' },
  })
  t.after(() => proxy.stop())
  return proxy
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

test('a kept connection that becomes idle in the drain does not hold it up', async (t) => {
  let answer = () => {}
  const proxy = await proxying(t, (_request, response) => {
    response.write('begun')
    answer = () => response.end('done')
  })
  const client = await rawClient(t, proxy.port)
  client.send(GET)
  await client.until('begun')
  const stopped = proxy.running.stop()
  await proxy.line(({ event }) => event === 'drained')
  answer()
  await client.until('done')
  await within(stopped, () => 'the end of the drain')
})

test('connections that said nothing yet, or half a request, do not either', async (t) => {
  const proxy = await proxying(t, (_request, response) => response.end('done'))
  const [kept, silent, half] = [
    await rawClient(t, proxy.port),
    await rawClient(t, proxy.port),
    await rawClient(t, proxy.port),
  ]
  kept.send(GET)
  half.send('GET / HTTP/1.1\r\nHo')
  await kept.until('done')
  await within(proxy.running.stop(), () => 'the end of the drain')
  await Promise.all([kept.ended, silent.ended, half.ended])
})

test('an answer that is still on its way to a slow client is not cut', async (t) => {
  const size = 16 << 20
  const proxy = await proxying(t, (_request, response) => response.end(Buffer.alloc(size, 'x')))
  const client = await rawClient(t, proxy.port)
  client.send(GET)
  await client.until('\r\n\r\nx')
  client.socket.pause()
  const stopped = proxy.running.stop()
  await proxy.line(({ event }) => event === 'drained')
  client.socket.resume()
  await within(stopped, () => 'the end of the drain')
  assert.ok((await client.ended).length > size)
})
