/** A token that came as a subprotocol is never said back, not even where the backend chooses it (trap 30). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { mintToken } from '../../src/tokens/mint.ts'
import { startTestProxy } from '../support/proxy.ts'

const SECRET = 'a-secret-of-these-tests-forty-bytes-long'
const PREFIX = 'base64url.bearer.authorization.k8s.io.'

/** [what is offered besides the token, what the 101 carries]: this backend always chooses the first, which is the token. */
const CASES: readonly [readonly string[], string | undefined][] = [
  [[], undefined],
  [['chat'], undefined],
  [['bearer'], 'bearer'],
]

test('a backend that chooses the token is not believed', async (t) => {
  const backend = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(backend, 'listening')
  t.after(() => backend.close())
  // A server on a TCP port has an address that is no string.
  const { port } = backend.address() as AddressInfo
  const yaml = `
upstream: http://127.0.0.1:${port}
routes: [{ token: { from: ["protocol:${PREFIX}*"], secret: ${SECRET} } }]`
  const proxy = await startTestProxy({ yaml })
  t.after(() => proxy.stop())
  const token = await mintToken({ secret: SECRET, claims: { sub: 'ada' }, ttlSeconds: 60, now: Date.now() })
  const offered = PREFIX + Buffer.from(token).toString('base64url')
  for (const [others, expected] of CASES) {
    const client = new WebSocket(proxy.url('/'), [offered, ...others])
    client.on('error', () => {})
    const [response] = (await once(client, 'upgrade')) as [IncomingMessage]
    assert.equal(response.headers['sec-websocket-protocol'], expected)
    client.terminate()
  }
})
