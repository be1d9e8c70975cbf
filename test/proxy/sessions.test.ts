import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { acceptKey } from '../../src/frames/accept.ts'
import { startTestProxy } from '../support/proxy.ts'
import { type RawClient, rawServer } from '../support/raw.ts'

/** A client whose backend was dialled and has not answered yet. */
async function waitingClient(t: TestContext) {
  const behind = await rawServer(t)
  const proxy = await startTestProxy({ yaml: `upstream: http://127.0.0.1:${behind.port}\ndrain: { jitter: 0s }` })
  t.after(() => proxy.stop())
  const client = new WebSocket(proxy.url('/'))
  t.after(() => client.terminate())
  client.on('error', () => {})
  const backend = await behind.connection(0)
  await backend.until('\r\n\r\n')
  return { proxy, client, backend }
}

function switchProtocols(backend: RawClient): void {
  const key = /sec-websocket-key: (\S+)/i.exec(backend.received())?.[1] ?? ''
  const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
  backend.send(`${head}Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`)
}

test('a drain waits for an upgrade that the backend has not answered yet', async (t) => {
  const { proxy, client, backend } = await waitingClient(t)
  const closed = once(client, 'close')
  const stopped = proxy.running.stop()
  switchProtocols(backend)
  const [code, reason] = await closed
  assert.deepEqual([code, String(reason)], [1012, 'Service restart'])
  // The backend answers no Close, so only its FIN lets the session end.
  backend.socket.destroy()
  assert.deepEqual(await stopped, { forced: 0 })
  assert.equal(proxy.running.held().sessions, 0)
})

test('a drain that is cut ends such an upgrade at once', async (t) => {
  const { proxy, client, backend } = await waitingClient(t)
  const closed = new Promise((resolve) => client.once('close', resolve))
  const stopped = proxy.running.stop()
  proxy.running.cut()
  assert.deepEqual(await stopped, { forced: 0 })
  switchProtocols(backend)
  await Promise.all([closed, backend.ended])
  assert.equal(proxy.running.held().sessions, 0)
})
