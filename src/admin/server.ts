/** The operators' HTTP server: guard, bounded body, route, answer. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Observe } from '../observe/events.ts'
import { endIdle, takeTurn } from '../proxy/turn.ts'
import { type AdminActions, type AdminAnswer, failure } from './actions.ts'
import { readBody } from './body.ts'
import { createGuard, type Guard, type GuardOptions } from './guard.ts'
import { handle } from './routes.ts'

export interface AdminOptions extends GuardOptions {
  readonly actions: AdminActions
  /** Told of everything an operator changed, and of everyone who was turned away. */
  readonly observe: Observe
}

const MAX_BODY = 64 * 1024

/** Bounds on what anyone who reaches the port can make us hold: ms and bytes. */
const LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 16 * 1024,
}
/** How long a client may take over an answer, or between two requests, ms. */
const IDLE_MS = 30_000

/** The admin server, not yet listening. It answers one request of a connection at a time. */
export function createAdmin({ actions, observe, ...options }: AdminOptions): Server {
  const guard = createGuard(options)
  const succeed = (request: IncomingMessage, response: ServerResponse, given: AdminAnswer) => {
    if (given.done) observe({ type: 'administered', peer: peerOf(request), ...given.done })
    send(response, given)
  }
  const fail = (request: IncomingMessage, response: ServerResponse, error: unknown) => {
    // The client left in the middle of its body: nobody waits for an answer.
    if (!request.complete) return response.destroy()
    const message = error instanceof Error ? error.message : 'unknown'
    observe({ type: 'warning', message: `the admin API failed: ${message}` })
    return send(response, failure(500, 'internal error: see the log'))
  }
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, guard, actions)
      .then((given) => succeed(request, response, given))
      .catch((error: unknown) => fail(request, response, error))
      .catch(() => response.destroy())
  }
  const server = createServer(LIMITS, (request, response) => takeTurn(response, () => serve(request, response)))
  return server.setTimeout(IDLE_MS, endIdle)
}

async function answer(request: IncomingMessage, guard: Guard, actions: AdminActions): Promise<AdminAnswer> {
  const denial = guard(request.headers)
  if (denial) return { ...failure(denial.status, denial.error), headers: DENIED, done: denied(denial.error) }
  const body = await readBody(request, MAX_BODY)
  if (body === undefined) {
    return { ...failure(413, 'send at most 64 KiB'), headers: { Connection: 'close' } }
  }
  // Cut, not parsed: a URL made of the client's target may throw (trap 37); URLSearchParams never does.
  const [path = '', query = ''] = splitTarget(request.url ?? '')
  return await handle({ method: request.method ?? '', path, query: new URLSearchParams(query), body }, actions)
}

/** Without the body of a stranger: the connection is not read on. */
const DENIED = { Connection: 'close' }

const denied = (error: string) => ({ action: 'denied', detail: error })

function splitTarget(target: string): [path: string, query: string] {
  const mark = target.indexOf('?')
  return mark === -1 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)]
}

/** The peer in the spelling of the logs: an IPv4 address reached through an IPv6 socket is the IPv4 one (trap 20). */
const peerOf = (request: IncomingMessage) => request.socket.remoteAddress?.replace(/^::ffff:(?=[\d.]+$)/, '') ?? 'unix'

function send(response: ServerResponse, { status, body, headers }: AdminAnswer): void {
  const isText = typeof body === 'string'
  const bytes = Buffer.from(isText ? body : `${JSON.stringify(body)}\n`)
  response.writeHead(status, {
    'Content-Type': isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer realm="wsluice"' } : {}),
    ...headers,
  })
  response.end(bytes)
}
