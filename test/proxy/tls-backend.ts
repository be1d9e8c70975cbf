/** A process of its own, whose certificates NODE_EXTRA_CA_CERTS says: a WebSocket through the proxy to a backend over TLS. */
import { once } from 'node:events'
import { createServer } from 'node:https'
import { WebSocket, WebSocketServer } from 'ws'
import { startTestProxy } from '../support/proxy.ts'
import { portOf } from '../support/raw.ts'
import { FIRST } from '../support/tls/certificates.ts'

/** What it prints, as JSON. */
export interface Seen {
  readonly echoed: string
  /** The server names that the backend was asked for. */
  readonly asked: readonly string[]
  readonly close: string
  /** What was logged of the backend, empty where it did not fail. */
  readonly failure: string
}

const server = createServer(FIRST)
const asked: string[] = []
server.on('secureConnection', (socket) => asked.push(String(socket.servername)))
new WebSocketServer({ server }).on('connection', (socket) =>
  socket.on('message', (text) => socket.send(`echo ${text}`)),
)
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const proxy = await startTestProxy({ env: { WS_UPSTREAM: `https://localhost:${portOf(server)}` } })
const client = new WebSocket(proxy.url('/'))
let echoed = ''
client.on('open', () => client.send('over TLS'))
client.on('message', (text) => {
  echoed = String(text)
  client.close()
})
const [code, reason] = await once(client, 'close')
const failed = proxy.logs.find(({ event }) => event === 'upstream_failed')
const seen: Seen = { echoed, asked, close: `${code} ${reason}`, failure: String(failed?.detail ?? '') }
console.log(JSON.stringify(seen))
await proxy.stop()
server.close()
