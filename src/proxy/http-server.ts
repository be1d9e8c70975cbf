/** The HTTP/1 server in front of everything: strict about what a request is, bounded in what it reads before it is one. */
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import https from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer, answerRaw, ignore } from './answer.ts'
import { malformed } from './malformed.ts'
import { asksForWebSocket, reinject } from './reinject.ts'
import { afterAnswers, answering, takeTurn } from './turn.ts'

/** Above the idle timeouts of common load balancers (60 s), which would otherwise send into a closing connection. */
const KEEP_ALIVE_MS = 75_000
const METHODS = 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** By the code of node's parser; any other is a 400. */
const REFUSALS = new Map<string, [status: number, text: string]>([
  ['HPE_HEADER_OVERFLOW', [431, 'Request header fields too large']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'Request timeout']],
])

export interface HttpServerSettings {
  /** How long a client may take over the head of a request, ms. */
  readonly handshakeTimeout: number
  /** Key and certificate; without it, plain HTTP. `setSecureContext` of the server replaces them later. */
  readonly tls?: https.ServerOptions
}

export interface HttpHandlers {
  /** An ordinary request; those of one connection come one after the other. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void
  /**
   * A request that asks for a WebSocket. The socket is the handler's from here on: unread, without timeout, with one
   * listener for `error` that does nothing.
   */
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

/** Creates the server; it does not listen yet. */
export function createHttpServer(settings: HttpServerSettings, handlers: HttpHandlers): Server {
  const options = parserOptions(settings.handshakeTimeout)
  const server = settings.tls ? https.createServer({ ...options, ...settings.tls }) : http.createServer(options)
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', ignore)
    takeTurn(response, () => serve(request, response, handlers))
  }
  // With any of these events unheard node would answer itself.
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.on(event, onRequest)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // First of all: a reset would otherwise end the process (trap 1).
    socket.on('error', ignore)
    afterAnswers(socket, settings.handshakeTimeout, () => upgrade(server, request, socket, head, handlers))
  })
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', ignore)
    afterAnswers(socket, settings.handshakeTimeout, () => answerRaw(socket, 405, 'Method not allowed', [METHODS]))
  })
  server.on('clientError', refuseBytes)
  return server
}

function parserOptions(handshakeTimeout: number): http.ServerOptions {
  return {
    maxHeaderSize: 16 * 1024,
    insecureHTTPParser: false,
    // malformed() asks for it: node's own answer would come out of turn.
    requireHostHeader: false,
    headersTimeout: handshakeTimeout,
    // Node looks for late heads every 30 s unless told otherwise.
    connectionsCheckingInterval: Math.max(1, Math.min(1_000, handshakeTimeout / 2)),
    // A body may take its time: long uploads are ordinary HTTP.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    noDelay: true,
  }
}

function serve(request: IncomingMessage, response: ServerResponse, handlers: HttpHandlers): void {
  const problem = malformed(request)
  if (problem) answer(response, problem.status, problem.text, ['Connection', 'close'])
  else handlers.onRequest(request, response)
}

function upgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer, handlers: HttpHandlers): void {
  // Node sets the timeout between two requests, and forgets it here.
  request.socket.setTimeout(0)
  if (!asksForWebSocket(request)) {
    socket.off('error', ignore)
    reinject(server, request, socket, head)
    return
  }
  const problem = malformed(request)
  if (problem) answerRaw(socket, problem.status, problem.text)
  else handlers.onUpgrade(request, socket, head)
}

/** Bytes that are no request, or a head that does not come to its end. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex): void {
  const current = answering(socket)
  // Bytes after a request with `Connection: close`: its answer is under way and will be the last.
  if (error.code === 'HPE_CLOSED_CONNECTION' && current) return
  const isReset = error.code === 'ECONNRESET' || error.code === 'EPIPE'
  if (isReset || current?.headersSent || isUnused(socket)) {
    socket.destroy()
    return
  }
  // The request under way ends with its client, and with it what waits at the backend.
  if (current) socket.once('finish', () => socket.destroy())
  const [status, text] = REFUSALS.get(error.code ?? '') ?? [400, 'Bad request']
  answerRaw(socket, status, text)
}

/** Browsers open connections that they may never use; an answer would be taken for that of a later request. */
function isUnused(socket: Duplex): boolean {
  return socket instanceof Socket && socket.bytesRead === 0
}
