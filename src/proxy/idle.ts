/** Which connections of a server may end without a loss. */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { answering } from './turn.ts'

/**
 * Makes a server's `closeIdleConnections` end every connection on which no request is being answered, and no other. By
 * itself node would cut an answer that is written but not sent, and keep a connection that never said anything; `close`
 * calls it too.
 */
export function endOnlyIdle(server: Server): void {
  const connections = new Set<Socket>()
  // One that was handed over may come back.
  const known = new WeakSet<Socket>()
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections.add(socket)
    if (known.has(socket)) return
    known.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  // Handed over: the socket is no longer the server's.
  const letGo = (request: IncomingMessage) => connections.delete(request.socket)
  server.on('upgrade', letGo)
  server.on('connect', letGo)
  server.closeIdleConnections = () => {
    for (const socket of connections) if (!answering(socket) && socket.writableLength === 0) socket.destroy()
  }
}
