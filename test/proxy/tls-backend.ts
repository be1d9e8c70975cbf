/** A process of its own, whose certificates NODE_EXTRA_CA_CERTS says: a WebSocket through the proxy to a backend over TLS. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { WebSocket, WebSocketServer } from 'ws'
import { startTestProxy } from '../support/proxy.ts'
import { portOf } from '../support/raw.ts'

const [, , key = '', cert = ''] = process.argv
const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) })
const asked: string[] = []
server.on('secureConnection', (socket) => asked.push(String(socket.servername)))
new WebSocketServer({ server }).on('connection', (socket) =>
  socket.on('message', (text) => socket.send(`echo ${text}`)),
)
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const proxy = await startTestProxy({ env: { WS_UPSTREAM: `https://localhost:${portOf(server)}` } })
const client = new WebSocket(proxy.url('/'))
client.on('open', () => client.send('over TLS'))
client.on('message', (text) => console.log(`${text}; ${asked.join()}`))
client.on('message', () => client.close())
const [code, reason] = await once(client, 'close')
const failed = proxy.logs.find(({ event }) => event === 'upstream_failed')
if (failed) console.log(`${code} ${reason}; ${failed.detail}`)
await proxy.stop()
server.close()
