/** A backend that knows nothing of wsluice: it answers every message with itself. */
import { createServer, type Server } from 'node:http'
import { WebSocketServer } from 'ws'

export interface Backend {
  /** Not yet listening. */
  readonly server: Server
  /** Ends everything at once. */
  readonly close: () => void
}

const MAX_MESSAGE_BYTES = 64 * 1024

export function createBackend(): Backend {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' })
    response.end('An echo server. Connect a WebSocket.\n')
  })
  const chat = new WebSocketServer({ server, maxPayload: MAX_MESSAGE_BYTES })
  chat.on('connection', (socket) => {
    socket.on('error', () => socket.terminate())
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  // It repeats the errors of its server, which whoever listens handles.
  chat.on('error', () => {})
  const close = () => {
    for (const socket of chat.clients) socket.terminate()
    chat.close()
    server.close()
    server.closeAllConnections()
  }
  return { server, close }
}
