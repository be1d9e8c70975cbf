/** The HTTP/1 server in front of everything: strict about what a request is, bounded in what it reads before it is one. */
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import https from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer, ignore, rawAnswer } from './answer.ts'
import { type LaneSettings, openFastLane } from './fast-lane.ts'
import { endOnlyIdle } from './idle.ts'
import { serveKnownPeers } from './known-peer.ts'
import type { Linger } from './linger.ts'
import { malformed } from './malformed.ts'
import { peerOf } from './peer.ts'
import { askForProxyHeader, hasSpoken, type ProxyProtocol } from './proxied-peer.ts'
import { asksForWebSocket, reinject } from './reinject.ts'
import { boundExchange, type StallTiming } from './stall.ts'
import { afterAnswers, answering, takeTurn } from './turn.ts'
import type { UpgradeRequest } from './upgrade-request.ts'
import type { Side } from './wire.ts'

/** Above the idle timeouts of common load balancers (60 s), which would otherwise send into a closing connection. */
const KEEP_ALIVE_MS = 75_000
/** Silence after which the kernel asks whether a client is still there. */
const TCP_KEEP_ALIVE_MS = 60_000
const MAX_HEAD_BYTES = 16 * 1024
const NOTHING = Buffer.alloc(0)
const METHODS = 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** By the code of node's parser; any other of its is a 400. */
const REFUSALS = new Map<string, [status: number, text: string]>([
  ['HPE_HEADER_OVERFLOW', [431, 'Request header fields too large']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'Request timeout']],
])

export interface HttpServerSettings {
  /** How long a client may take over the TLS handshake, and over the head of a request, ms. */
  readonly handshakeTimeout: number
  /** Key and certificate; without it, plain HTTP. `setSecureContext` of the server replaces them later. */
  readonly tls?: https.ServerOptions
  /** Whose connections begin with a PROXY header; without it, nobody's. */
  readonly proxyProtocol?: ProxyProtocol
}

export interface HttpHandlers {
  /** An ordinary request; those of one connection come one after the other. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void
  /**
   * A request that asks for a WebSocket. The connection is the handler's from here on. A socket: unread, without timeout,
   * with one listener for `error` that does nothing. A handle alone: read.
   */
  readonly onUpgrade: (request: UpgradeRequest, side: Side, head: Buffer) => void
  /** Told of every request that is refused before it reaches a handler. */
  readonly onMalformed: (refused: MalformedRequest) => void
}

/** A request that is answered here: it is no valid HTTP. */
export interface MalformedRequest {
  readonly peer: string
  readonly status: number
  readonly detail: string
}

/** What the server shares with the rest of the proxy. */
export interface HttpServerContext extends StallTiming {
  /** Whether connections are handles alone where they can be. */
  readonly isRaw: boolean
  readonly linger: Linger
}

/** Creates the server; it does not listen yet. */
export function createHttpServer(
  settings: HttpServerSettings,
  handlers: HttpHandlers,
  context: HttpServerContext,
): Server {
  const { handshakeTimeout, tls } = settings
  const options = parserOptions(handshakeTimeout)
  const server = tls ? https.createServer({ ...options, ...tls, handshakeTimeout }) : http.createServer(options)
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', ignore)
    takeTurn(response, () => {
      boundExchange(request, response, context)
      serve(request, response, handlers)
    })
  }
  const refuse = refusing(handlers, context.linger)
  // With any of these events unheard node would answer itself.
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.on(event, onRequest)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // First of all: a reset would otherwise end the process (trap 1).
    socket.on('error', ignore)
    afterAnswers(socket, handshakeTimeout, () => upgrade(server, request, socket, head, { ...handlers, refuse }))
  })
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', ignore)
    afterAnswers(socket, handshakeTimeout, () => refuse(socket, 405, 'Method not allowed', { headers: [METHODS] }))
  })
  server.on('clientError', (error, socket) => refuseBytes(error, socket, refuse))
  endOnlyIdle(server)
  if (settings.proxyProtocol) askForProxyHeader(server, settings.proxyProtocol)
  serveKnownPeers(server)
  // What comes in TLS, or behind a PROXY header, is not for it.
  if (context.isRaw && !tls && !settings.proxyProtocol) openFastLane(server, laneSettings(settings, handlers, context))
  return server
}

/** Answers on a raw socket for the last time: for bytes that are no request, or a request that node:http has let go of. */
type Refuse = (
  socket: Duplex,
  status: number,
  text: string,
  more?: { readonly headers?: readonly string[]; readonly detail?: string },
) => void

const refusing =
  ({ onMalformed }: HttpHandlers, linger: Linger): Refuse =>
  (socket, status, text, { headers = [], detail = text } = {}) => {
    if (socket.destroyed || !socket.writable) return
    socket.on('error', ignore)
    onMalformed({ peer: peerOf(socket), status, detail })
    linger.end(socket, rawAnswer(status, text, headers))
  }

const laneSettings = (
  { handshakeTimeout }: HttpServerSettings,
  { onUpgrade }: HttpHandlers,
  { wheel, clock }: HttpServerContext,
): LaneSettings => ({
  maxHeadBytes: MAX_HEAD_BYTES,
  keepAliveMs: TCP_KEEP_ALIVE_MS,
  timeoutMs: handshakeTimeout,
  wheel,
  clock,
  onUpgrade: (request, client) => onUpgrade(request, client, NOTHING),
})

function parserOptions(handshakeTimeout: number): http.ServerOptions {
  return {
    maxHeaderSize: MAX_HEAD_BYTES,
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
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    noDelay: true,
  }
}

function serve(request: IncomingMessage, response: ServerResponse, { onRequest, onMalformed }: HttpHandlers): void {
  const problem = malformed(request)
  if (!problem) return onRequest(request, response)
  const { status, text } = problem
  onMalformed({ peer: peerOf(request.socket), status, detail: text })
  answer(response, status, text, ['Connection', 'close'])
}

function upgrade(
  server: Server,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  { onUpgrade, refuse }: Pick<HttpHandlers, 'onUpgrade'> & { readonly refuse: Refuse },
): void {
  // Node sets the timeout between two requests, and forgets it here.
  request.socket.setTimeout(0)
  if (!asksForWebSocket(request)) {
    socket.off('error', ignore)
    reinject(server, request, socket, head)
    return
  }
  const problem = malformed(request)
  if (problem) refuse(socket, problem.status, problem.text)
  else onUpgrade(request, socket, head)
}

/** Bytes that are no request, or a head that does not come to its end. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex, refuse: Refuse): void {
  const { code = '' } = error
  const current = answering(socket)
  // Bytes after a request with `Connection: close`: its answer is under way and will be the last.
  if (code === 'HPE_CLOSED_CONNECTION' && current) return
  // What is no complaint of the HTTP parser is a reset, or a TLS handshake that failed.
  const isHttp = code.startsWith('HPE_') || REFUSALS.has(code)
  if (!isHttp || current?.headersSent || isUnused(socket)) {
    socket.destroy()
    return
  }
  // The request under way ends with its client, and with it what waits at the backend.
  if (current) socket.once('finish', () => socket.destroy())
  const [status, text] = REFUSALS.get(code) ?? [400, 'Bad request']
  refuse(socket, status, text, { detail: status === 400 ? error.message : text })
}

/** Browsers open connections that they may never use; an answer would be taken for that of a later request. */
function isUnused(socket: Duplex): boolean {
  return socket instanceof Socket && !hasSpoken(socket)
}
