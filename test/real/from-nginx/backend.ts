/** The backend of the pairs: an echo that says who it was told it has before it, and a service that authorizes. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { portOf } from '../../support/raw.ts'

export interface PairBackend {
  readonly port: number
  readonly stop: () => Promise<void>
}

/** Starts it on a free port of loopback. It refuses `/refused` with 418, and reads nothing at `/ws/deaf`. */
export async function startPairBackend(): Promise<PairBackend> {
  const server = createServer((request, response) => {
    const { status, user } = request.url === '/internal/authorize' ? judged(request) : HELLO
    response.writeHead(status, user === undefined ? {} : { 'X-User': user }).end('hello')
  })
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/refused')
      socket.end("HTTP/1.1 418 I'm a teapot\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    else sockets.handleUpgrade(request, socket, head, (client) => serve(client, request, portOf(server)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    stop: async () => {
      if (!server.listening) return
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** What the service says of a cookie `session=WHAT`. */
const ANSWERS: Readonly<Record<string, number>> = { ann: 200, other: 403, missing: 404, broken: 500 }

interface Judged {
  readonly status: number
  readonly user?: string
}

const HELLO: Judged = { status: 200 }

function judged({ headers }: IncomingMessage): Judged {
  const session = /session=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? ''
  const status = ANSWERS[session] ?? 401
  return status === 200 ? { status, user: session } : { status }
}

/** It answers `user`, `address` and `port` with what it knows of them, and closes on `close`; all else it echoes. */
function serve(client: WebSocket, { headers, url }: IncomingMessage, port: number): void {
  const known: Readonly<Record<string, unknown>> = { user: headers['x-user'], address: headers['x-real-ip'], port }
  if (url === '/ws/deaf') client.pause()
  client.on('error', () => {})
  client.on('message', (data, isBinary) => {
    const text = String(data)
    if (text === 'close') client.close(4000, 'enough')
    else if (text in known) client.send(String(known[text]))
    else client.send(data, { binary: isBinary })
  })
}
