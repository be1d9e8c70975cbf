/**
 * A proxy made of the `ws` library, which is how policy is usually put in front of a backend: a server that ends the
 * WebSocket, a client that opens another: `node ws.mjs PORT UPSTREAM_PORT`. It passes messages on and judges nothing.
 */
import process from 'node:process'
import { WebSocket, WebSocketServer } from 'ws'

const [port, upstream] = process.argv.slice(2).map(Number)
const server = new WebSocketServer({ host: '127.0.0.1', port, perMessageDeflate: false, backlog: 4096 })

server.on('connection', (client, request) => {
  const backend = new WebSocket(`ws://127.0.0.1:${upstream}${request.url}`, { perMessageDeflate: false })
  const early = []
  client.on('message', (data, binary) => {
    if (backend.readyState === WebSocket.OPEN) backend.send(data, { binary })
    else early.push([data, binary])
  })
  backend.on('open', () => {
    for (const [data, binary] of early.splice(0)) backend.send(data, { binary })
  })
  backend.on('message', (data, binary) => client.send(data, { binary }))
  for (const [from, to] of [
    [client, backend],
    [backend, client],
  ]) {
    from.on('close', (code) => to.close(code === 1005 || code === 1006 ? 1000 : code))
    from.on('error', () => to.terminate())
  }
})
