/** `POST` to a route's ticket path: a ticket for the token in the Authorization header, so that no token need stand in a URL. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Observe } from '../observe/events.ts'
import { type Admission, admit } from '../policy/admit.ts'
import type { Connection } from '../policy/connection.ts'
import { type Finding, weigh } from '../policy/finding.ts'
import type { Issued, RoutePolicy, TicketOffice } from '../policy/policy.ts'
import type { Reason } from '../policy/reasons.ts'
import { refuse } from '../policy/verdict.ts'
import { discard } from './answer.ts'
import { someTimeLater } from './refuse.ts'
import type { ProxyPolicy } from './upgrade-context.ts'

export interface TicketContext {
  /** ms since the epoch */
  readonly now: () => number
  readonly observe: Observe
}

type Office = RoutePolicy & { readonly tickets: TicketOffice }

/** Seconds for which a browser may remember the answer to its preflight. */
const PREFLIGHT_AGE = '600'

/** Answers a request for a ticket of a route. Never rejects. */
export async function serveTicket(
  request: IncomingMessage,
  response: ServerResponse,
  { connection, route, policy }: { connection: Connection; route: Office; policy: ProxyPolicy },
  context: TicketContext,
): Promise<void> {
  try {
    const { method } = request
    if (method === 'OPTIONS') return await preflight(request, response, connection, route, policy)
    if (method !== 'POST') return send(response, 405, { error: 'use POST' }, ['Allow', 'POST, OPTIONS'])
    const admission = await judge(connection, route.tickets.steps, route, policy)
    const outcome = await issue(admission, route, context.now())
    const cors = corsOf(admission)
    const told = admission.connection
    if ('ticket' in outcome) {
      context.observe({ type: 'ticket', connection: told, route: route.name, findings: admission.findings })
      return send(response, 200, { ticket: outcome.ticket, expires_in: outcome.expiresIn }, cors)
    }
    const { http, text } = policy.answers[outcome.reason]
    context.observe({
      type: 'ticket',
      connection: told,
      route: route.name,
      findings: [...admission.findings.filter((finding) => finding !== outcome), outcome],
      refusal: { finding: outcome, code: http },
    })
    send(response, http, { error: outcome.reason, message: text }, [...cors, ...moreOf(http)])
  } catch (error) {
    // A fault of ours ends this request, not the process.
    context.observe({
      type: 'warning',
      message: `a ticket failed: ${error instanceof Error ? error.message : 'unknown'}`,
    })
    send(response, 500, { error: 'internal_error', message: policy.answers.internal_error.text })
  }
}

/** Judged by these steps alone. */
const judge = (connection: Connection, steps: Office['steps'], route: Office, policy: ProxyPolicy) =>
  admit(connection, { ...policy, entry: [], routes: new Map(), unmatched: { ...route, steps } })

/** A ticket stands for a token that was verified; a dry run verifies too, and makes none for a bad one. */
async function issue(admission: Admission, route: Office, now: number): Promise<Issued | Finding> {
  if (!admission.granted) return admission.refusal
  admission.permit.release()
  const { connection, findings } = admission
  if (!connection.claims)
    return { ...(findings.find(({ check }) => check === 'token') ?? UNVERIFIED), counted: true, action: 'close' }
  return (await route.tickets.issue(connection, now)) ?? TOO_MANY
}

const own = (reason: Reason, detail: string) => weigh({ check: 'tickets', mode: 'enforce' }, refuse(reason, detail))
const UNVERIFIED = own('token_invalid', 'no verified token')
const TOO_MANY = own('connection_rate', 'too many tickets of this user wait to be used')

/** Judges a preflight: nothing is verified for it, so it counts into no rate. */
const OF_PREFLIGHT: ReadonlySet<string> = new Set(['address', 'origin'])

/** A page of another site may ask where the origin check lets it connect, and only there. */
async function preflight(
  request: IncomingMessage,
  response: ServerResponse,
  connection: Connection,
  route: Office,
  policy: ProxyPolicy,
): Promise<void> {
  const steps = route.tickets.steps.filter(({ check }) => OF_PREFLIGHT.has(check))
  const admission = await judge(connection, steps, route, policy)
  const cors = admission.granted ? corsOf(admission) : []
  if (cors.length === 0 || request.headers['access-control-request-method'] === undefined) {
    const { http, text } = policy.answers.origin_not_allowed
    return send(response, http, { error: 'origin_not_allowed', message: text })
  }
  const allowed = ['Access-Control-Allow-Methods', 'POST', 'Access-Control-Allow-Headers', 'authorization']
  send(response, 204, undefined, [...cors, ...allowed, 'Access-Control-Max-Age', PREFLIGHT_AGE])
}

/** That the page may read the answer: where an Origin was judged, and is allowed. */
function corsOf({ connection, trace }: Admission): string[] {
  const [origin, ...others] = connection.header('origin')
  const isAllowed = trace.some(({ check, verdict }) => check === 'origin' && verdict?.ok)
  if (origin === undefined || others.length > 0 || !isAllowed) return []
  return ['Access-Control-Allow-Origin', origin]
}

function moreOf(status: number): string[] {
  if (status === 401) return ['WWW-Authenticate', 'Bearer']
  return status === 429 || status === 503 ? ['Retry-After', String(someTimeLater())] : []
}

function send(
  response: ServerResponse,
  status: number,
  body: object | undefined,
  headers: readonly string[] = [],
): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const bytes = Buffer.from(body === undefined ? '' : `${JSON.stringify(body)}\n`)
  const content = ['Content-Type', 'application/json; charset=utf-8', 'Content-Length', String(bytes.length)]
  const own = ['Cache-Control', 'no-store', 'Vary', 'Origin', 'X-Content-Type-Options', 'nosniff']
  response.writeHead(status, STATUS_CODES[status] ?? '', [...(body === undefined ? [] : content), ...own, ...headers])
  response.end(bytes)
  discard(response.req, response)
}
