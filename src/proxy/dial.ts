/** Opens the backend's side of an admitted upgrade and judges its answer: hostile input like any other (trap 46). */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { Upstream } from '../net/upstream.ts'
import { MAX_TIMER_MS } from '../settings/duration.ts'
import { ignore } from './answer.ts'
import { tokens, valuesOf } from './headers.ts'
import { openRequest, requestOptions } from './upstream.ts'

/** The handshake for the backend. */
export interface Handshake {
  /** The request target, byte for byte as it is to be sent. */
  readonly target: string
  readonly headers: readonly string[]
  /** What its Sec-WebSocket-Accept must be. */
  readonly accept: string
}

export type Dialled =
  /** A right 101: from here on the socket carries frames. */
  | { readonly kind: 'switched'; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }
  /** Any other answer is an ordinary response (trap 4). */
  | { readonly kind: 'answered'; readonly response: IncomingMessage }
  | Failure

export interface Failure {
  readonly kind: 'failed'
  readonly reason: 'upstream_unreachable' | 'upstream_timeout'
  readonly upstream: string
  readonly detail: string
  /** No connection came about: another upstream may be asked. */
  readonly isUnreached: boolean
}

/** How long an upstream may take to accept the connection while another could be asked, ms. */
const CONNECT_MS = 3000
/** Silence after which the kernel asks whether a backend is still there, ms. */
const KEEP_ALIVE_MS = 60_000

export interface DialTiming {
  /** For all of it, ms. */
  readonly timeoutMs: number
  /** ms, monotonic. */
  readonly clock: () => number
  /** Aborts when the client stops waiting; the request ends with it (trap 41). */
  readonly gone: AbortSignal
}

/**
 * Asks one upstream after the other until one can be reached.
 * @param onFailure told of each that failed
 */
export async function dial(
  candidates: readonly Upstream[],
  handshake: Handshake,
  { timeoutMs, clock, gone }: DialTiming,
  onFailure: (failure: Failure) => void,
): Promise<Dialled> {
  const endAt = clock() + timeoutMs
  let last: Dialled | undefined
  for (const [index, upstream] of candidates.entries()) {
    const answerMs = Math.max(0, endAt - clock())
    const others = candidates.length - index - 1
    // One that swallows the connection must leave time for the next.
    const connectMs = others > 0 ? Math.min(CONNECT_MS, answerMs / (others + 1)) : answerMs
    last = await dialOne(upstream, handshake, { connectMs, answerMs, gone })
    if (last.kind !== 'failed' || gone.aborted) return last
    onFailure(last)
    if (!last.isUnreached) return last
  }
  return last ?? failure('none', 'no upstream', 'reached')
}

interface AskTiming extends Pick<DialTiming, 'gone'> {
  readonly connectMs: number
  readonly answerMs: number
}

function dialOne(upstream: Upstream, handshake: Handshake, timing: AskTiming): Promise<Dialled> {
  return new Promise((resolve) => {
    let request: ClientRequest
    try {
      request = openUpgrade(upstream, handshake)
    } catch (error) {
      // node:http finds a byte in the target or a header impossible.
      return resolve(failure(upstream.label, messageOf(error), 'reached'))
    }
    const stop = bound(request, upstream, timing, (failed) => settle(failed))
    const settle = (dialled: Dialled) => {
      stop()
      resolve(dialled)
      if (dialled.kind === 'failed') request.destroy()
    }
    request.on('error', (error) => settle(failure(upstream.label, messageOf(error), reached(error))))
    request.on('response', (response) => settle(judgeAnswer(upstream, response)))
    request.on('upgrade', (response, socket, head) => {
      socket.on('error', ignore)
      settle(judgeSwitch(upstream, handshake, response, socket, head))
    })
    request.end()
  })
}

/** Gives up where it takes too long, or the client has left; until what it returns is called. */
function bound(
  request: ClientRequest,
  { label, protocol }: Upstream,
  { connectMs, answerMs, gone }: AskTiming,
  giveUp: (failed: Failure) => void,
): () => void {
  const late = (what: string, ms: number, reach: 'reached' | 'unreached') => () =>
    giveUp({ ...failure(label, `no ${what} within ${Math.round(ms)} ms`, reach), reason: 'upstream_timeout' })
  const timers = [
    setTimer(late('connection', connectMs, 'unreached'), connectMs),
    setTimer(late('answer', answerMs, 'reached'), answerMs),
  ]
  request.once('socket', (socket) =>
    socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => clearTimeout(timers[0])),
  )
  const leave = () => giveUp(failure(label, 'the client left', 'reached'))
  gone.addEventListener('abort', leave)
  // Once its caller can be told.
  if (gone.aborted) queueMicrotask(leave)
  return () => {
    for (const timer of timers) clearTimeout(timer)
    gone.removeEventListener('abort', leave)
  }
}

const setTimer = (act: () => void, ms: number) => setTimeout(act, Math.min(ms, MAX_TIMER_MS))

/** A connection of its own, half-open like the client's: a FIN from the backend does not cut what we still send. */
function openUpgrade(upstream: Upstream, { target, headers }: Handshake): ClientRequest {
  const options = requestOptions(upstream, false)
  const createConnection = () => connectTo(upstream, options.servername ?? '')
  // With any agent, `false` included, node would not call createConnection.
  const own = { agent: undefined, method: 'GET', path: target, headers: [...headers], createConnection }
  return openRequest(upstream, { ...options, ...own })
}

function connectTo({ host, port, socketPath, protocol }: Upstream, servername: string): Duplex {
  if (socketPath !== undefined) return connectTcp({ path: socketPath, allowHalfOpen: true })
  const place = { host, port, allowHalfOpen: true }
  const options = { ...place, servername, ALPNProtocols: ['http/1.1'] }
  const socket = protocol === 'http:' ? connectTcp(place) : connectTls(options)
  // A backend that vanished without a FIN would be believed to be there for ever.
  return socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
}

/** To node a 101 without both Upgrade and Connection is a response like any other. */
function judgeAnswer(upstream: Upstream, response: IncomingMessage): Dialled {
  if (response.statusCode !== 101) return { kind: 'answered', response }
  return failure(upstream.label, 'a 101 that upgrades to nothing', 'reached')
}

/** A tunnel begins only on a 101 whose accept key is right. */
function judgeSwitch(
  upstream: Upstream,
  handshake: Handshake,
  response: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Dialled {
  const problem = switchProblem(response, handshake.accept)
  if (problem === undefined) return { kind: 'switched', response, socket, head }
  socket.destroy()
  return failure(upstream.label, problem, 'reached')
}

function switchProblem({ statusCode, rawHeaders }: IncomingMessage, accept: string): string | undefined {
  if (statusCode !== 101) return `an upgrade with status ${statusCode}`
  const accepts = valuesOf(rawHeaders, 'sec-websocket-accept')
  if (accepts.length !== 1 || accepts[0] !== accept) return 'a 101 without the right Sec-WebSocket-Accept'
  const isWebSocket = valuesOf(rawHeaders, 'upgrade').flatMap(tokens).includes('websocket')
  return isWebSocket ? undefined : 'a 101 that upgrades to something else'
}

const failure = (upstream: string, detail: string, reach: 'reached' | 'unreached'): Failure => ({
  kind: 'failed',
  reason: 'upstream_unreachable',
  upstream,
  detail,
  isUnreached: reach === 'unreached',
})

const reached = (error: NodeJS.ErrnoException) =>
  error.syscall === 'connect' || error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN' ? 'unreached' : 'reached'

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'failed')
