/** Ordinary HTTP: not judged, passed to the route's backend (contract section 8, HTTP); but for tickets, which are ours to give. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Observe } from '../observe/events.ts'
import { answer } from './answer.ts'
import { describe } from './describe.ts'
import { clientFacts, toBackend } from './headers.ts'
import { passThrough } from './http.ts'
import { serveTicket } from './ticket.ts'
import { rawRequest } from './upgrade.ts'
import type { ProxyPolicy } from './upgrade-context.ts'
import type { Agents } from './upstream.ts'

export interface OrdinaryContext {
  readonly policy: () => ProxyPolicy
  readonly agents: Agents
  readonly connectTimeout: number
  /** ms since the epoch. */
  readonly now: () => number
  /** ms on a monotonic clock */
  readonly clock: () => number
  readonly observe: Observe
}

export function serveOrdinary(request: IncomingMessage, response: ServerResponse, context: OrdinaryContext): void {
  const policy = context.policy()
  const connection = describe(rawRequest(request), policy.trust, { at: context.now(), clock: context.clock() })
  const office = policy.ticketsAt?.(connection.path)
  if (office?.tickets) {
    const { tickets } = office
    void serveTicket(request, response, { connection, route: { ...office, tickets }, policy }, context)
    return
  }
  const route = policy.routeOf(connection.path) ?? policy.unmatched
  if (route.http === 'refuse') {
    return answer(response, 426, 'This address takes WebSocket connections only', [
      'Upgrade',
      'websocket',
      'Connection',
      'Upgrade',
    ])
  }
  const pool = route.upstreams
  if (!pool) return answer(response, 404, 'Not found')
  const headers = toBackend(request.rawHeaders, clientFacts(connection, policy))
  const { agents, connectTimeout, observe } = context
  passThrough(request, response, {
    pool,
    agents,
    headers,
    // Its trailers name no client: a proxy does so before the body.
    removed: [...policy.identityHeaders, policy.trust.forwardedHeader],
    connectTimeout,
    onError: ({ reason, upstream, detail }) => {
      if (reason === 'bad_request') observe({ type: 'malformed', peer: connection.peer, status: 400, detail })
      else observe({ type: 'upstream_failed', upstream, detail })
    },
  })
}
