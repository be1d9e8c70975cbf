/** Upgrades that are none of ours (`Upgrade: h2c`) are ignored (RFC 9110 section 7.8): the request is served as an ordinary one. */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { Server as TlsServer } from 'node:tls'
import { lists, pairs, tokens } from './headers.ts'

const DROPPED = new Set(['upgrade', 'http2-settings'])

/** Whether a request asks for a WebSocket, among whatever else. */
export function asksForWebSocket(request: Pick<IncomingMessage, 'rawHeaders'>): boolean {
  return lists(request.rawHeaders, 'upgrade', 'websocket')
}

/**
 * Gives a connection that the `upgrade` event has handed over back to its server, the request in front without what asks
 * for the upgrade. The `connection` (TLS: `secureConnection`) event is node's documented way in; its listeners are
 * called a second time.
 * @param head the bytes after the request's head: its body, and pipelined requests
 */
export function reinject(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.unshift(Buffer.concat([Buffer.from(headWithoutUpgrade(request), 'latin1'), head]))
  server.emit(server instanceof TlsServer ? 'secureConnection' : 'connection', socket)
}

function headWithoutUpgrade(request: IncomingMessage): string {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`]
  for (const [name, value] of pairs(request.rawHeaders)) {
    const lower = name.toLowerCase()
    if (DROPPED.has(lower)) continue
    const kept =
      lower === 'connection'
        ? tokens(value)
            .filter((token) => !DROPPED.has(token))
            .join(', ')
        : value
    if (kept !== '' || lower !== 'connection') lines.push(`${name}: ${kept}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}
