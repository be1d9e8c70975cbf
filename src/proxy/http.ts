/**
 * Ordinary HTTP, passed through unchanged in both directions. Own code over node:http: the proxy libraries there are
 * smuggle chunked DELETEs (CVE-2026-29057), re-case headers or drop trailers and 103.
 */
import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Upstream } from '../net/upstream.ts'
import { REASONS } from '../policy/reasons.ts'
import { answer, discard } from './answer.ts'
import { NOTHING, passAnswer, passBody, passInformation } from './bodies.ts'
import { hasBody, requestHead } from './request-head.ts'
import { type Agents, agentFor, openRequest, requestOptions, type UpstreamPool } from './upstream.ts'

const CONNECT_TIMEOUT_MS = 10_000
const SWITCHED = 'the upstream switched protocols without being asked'
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** Why a request was not passed to its end; for the operator, not for the client. */
export interface HttpFailure {
  readonly reason: 'bad_request' | 'upstream_unreachable' | 'upstream_timeout'
  /** The label of the upstream. */
  readonly upstream: string
  readonly detail: string
}

export interface PassThrough {
  readonly pool: UpstreamPool
  readonly agents: Agents
  /** The request's headers, ready for the backend: see `toBackend`. */
  readonly headers: readonly string[]
  /** Names of the configured identity headers, lower-case: kept out of the trailers too. */
  readonly removed: readonly string[]
  /** How long an upstream may take to accept the connection, ms; 10 s unless set. Its answer may take any time. */
  readonly connectTimeout?: number
  readonly onError?: (failure: HttpFailure) => void
}

/** A request on its way: the state that outlives one attempt. */
interface Exchange extends PassThrough {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Upstreams not tried yet. */
  readonly candidates: Upstream[]
  outgoing?: ClientRequest
}

interface Attempt {
  readonly upstream: Upstream
  readonly outgoing: ClientRequest
  stage: 'connecting' | 'sending' | 'answered'
}

/**
 * Passes a request to the next upstream that can be reached, and its answer back. What neither can be sent nor reached
 * is answered 400, 502 or 504; an answer that breaks off breaks off here too. Never throws.
 */
export function passThrough(request: IncomingMessage, response: ServerResponse, options: PassThrough): void {
  const [first, ...candidates] = options.pool.candidates()
  if (!first || request.socket.destroyed) return
  const exchange: Exchange = { ...options, request, response, candidates }
  // Not the response's `close`: an upload may go on after an early answer, and must end with its client too (trap 41).
  const leave = () => exchange.outgoing?.destroy()
  request.socket.once('close', leave)
  response.once('close', () => {
    if (!exchange.outgoing || exchange.outgoing.destroyed) request.socket.off('close', leave)
    else exchange.outgoing.once('close', () => request.socket.off('close', leave))
  })
  attempt(exchange, first, agentFor(options.agents, first))
}

function attempt(exchange: Exchange, upstream: Upstream, agent: Agent | false): void {
  const { request } = exchange
  const outgoing = open(exchange, upstream, agent)
  if (!outgoing) return
  exchange.outgoing = outgoing
  const state: Attempt = { upstream, outgoing, stage: 'connecting' }
  outgoing.once('socket', (socket) => onSocket(exchange, state, socket))
  outgoing.on('continue', () =>
    passInformation(exchange.response, { statusCode: 100, statusMessage: 'Continue', rawHeaders: [] }),
  )
  outgoing.on('information', (information) => {
    if (information.statusCode !== 100) passInformation(exchange.response, information)
  })
  outgoing.once('response', (incoming) => onAnswer(exchange, state, incoming))
  outgoing.once('upgrade', (_answer, socket) => {
    socket.destroy()
    fail(exchange, 'upstream_unreachable', upstream, SWITCHED)
  })
  outgoing.on('error', (error) => onError(exchange, state, error))
  outgoing.once('close', () => {
    if (state.stage === 'answered') discard(request, exchange.response)
  })
  if (hasBody(request)) outgoing.write(NOTHING)
  else outgoing.end()
}

/** Undefined where node:http finds the request impossible; it has been answered then. */
function open(exchange: Exchange, upstream: Upstream, agent: Agent | false): ClientRequest | undefined {
  const { request, response } = exchange
  try {
    const { headers, mustContinue } = requestHead(request, exchange.headers, upstream)
    const { method = 'GET', url = '/' } = request
    const outgoing = openRequest(upstream, { ...requestOptions(upstream, agent), method, path: url, headers })
    if (mustContinue) response.writeContinue()
    return outgoing
  } catch (error) {
    fail(exchange, 'bad_request', upstream, String(error))
    return undefined
  }
}

/** The body waits for the connection: until then nothing is lost by trying the next upstream. */
function onSocket(exchange: Exchange, state: Attempt, socket: Socket): void {
  const { outgoing, upstream } = state
  const timeout = exchange.connectTimeout ?? CONNECT_TIMEOUT_MS
  const timer = setTimeout(() => outgoing.destroy(new ConnectTimeout(`no connection within ${timeout} ms`)), timeout)
  const begin = () => {
    clearTimeout(timer)
    state.stage = 'sending'
    if (hasBody(exchange.request)) passBody(exchange.request, outgoing, exchange.removed)
  }
  outgoing.once('close', () => clearTimeout(timer))
  if (socket.connecting) socket.once(upstream.protocol === 'https:' ? 'secureConnect' : 'connect', begin)
  else begin()
}

class ConnectTimeout extends Error {}

function onAnswer(exchange: Exchange, state: Attempt, incoming: IncomingMessage): void {
  state.stage = 'answered'
  // To node, a 101 without both Upgrade and Connection is an answer like any other.
  if (incoming.statusCode === 101) {
    state.outgoing.destroy()
    fail(exchange, 'upstream_unreachable', state.upstream, SWITCHED)
    return
  }
  incoming.on('error', (error) =>
    fail(exchange, 'upstream_unreachable', state.upstream, `the answer broke off: ${error.message}`),
  )
  try {
    passAnswer(incoming, exchange.response)
  } catch (error) {
    state.outgoing.destroy()
    fail(exchange, 'upstream_unreachable', state.upstream, `the answer cannot be passed on: ${error}`)
  }
}

function onError(exchange: Exchange, state: Attempt, error: Error): void {
  if (exchange.request.socket.destroyed || state.stage === 'answered') return
  if (state.stage === 'connecting') tryNext(exchange, state, error)
  else if (isStale(exchange, state, error)) attempt(exchange, state.upstream, false)
  else fail(exchange, 'upstream_unreachable', state.upstream, error.message)
}

function tryNext(exchange: Exchange, state: Attempt, error: Error): void {
  const next = exchange.candidates.shift()
  const reason = error instanceof ConnectTimeout ? 'upstream_timeout' : 'upstream_unreachable'
  if (next) attempt(exchange, next, agentFor(exchange.agents, next))
  else fail(exchange, reason, state.upstream, error.message)
}

/**
 * A kept-alive connection that the upstream closed as we wrote: sending again, over a new one, is safe where the
 * request may be repeated.
 */
function isStale(exchange: Exchange, state: Attempt, error: NodeJS.ErrnoException): boolean {
  const { request } = exchange
  const isReset = error.code === 'ECONNRESET' || error.code === 'EPIPE'
  return isReset && state.outgoing.reusedSocket && !hasBody(request) && IDEMPOTENT.has(request.method ?? '')
}

function fail(exchange: Exchange, reason: HttpFailure['reason'], upstream: Upstream, detail: string): void {
  if (exchange.request.socket.destroyed) return
  exchange.onError?.({ reason, upstream: upstream.label, detail })
  answer(exchange.response, REASONS[reason].http, REASONS[reason].text)
}
