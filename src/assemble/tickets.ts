/** How a route gives tickets and takes them, and what its checks know of its tokens. */
import type { Assembly } from '../checks/define.ts'
import { type RouteConfig, routeName } from '../config/route.ts'
import type { Mode } from '../policy/check.ts'
import type { TicketOffice } from '../policy/policy.ts'
import { TICKET_SOURCES } from '../tokens/find-ticket.ts'
import { tokenStrip, tokenTraces } from '../tokens/route-tokens.ts'
import { parseTokenSource, type TokenSource } from '../tokens/sources.ts'
import type { Tickets } from '../tokens/tickets.ts'
import { dryRunWins } from './section.ts'

/** Where who asks for a ticket shows his token. */
const FROM = [parseTokenSource('header:authorization')]

/** The checks that judge who asks for a ticket: those of a handshake that need no more than that. */
const CHECKS: ReadonlySet<string> = new Set(['address', 'handshakes', 'origin', 'token'])

export const isOfTickets = (check: string) => CHECKS.has(check)

/** Where a client of a route may show a token, or a ticket for one. */
export const tokenSources = ({ token, tickets }: RouteConfig): readonly TokenSource[] => [
  ...(tickets ? TICKET_SOURCES : []),
  ...(token?.from ?? []),
]

/** A route as who asks for its tickets sees it: no ticket is given for a ticket. */
export const askingForTickets = ({ token, tickets, ...route }: RouteConfig): RouteConfig | undefined =>
  token && tickets ? { ...route, token: { ...token, from: FROM }, tickets: undefined } : undefined

/** @param mode of the route */
export function routeTokens(route: RouteConfig, mode: Mode, tickets: Tickets): Pick<Assembly, 'tokens'> {
  const { token } = route
  if (!token) return {}
  const scope = routeName(route)
  // A dry run uses no ticket up.
  const use = dryRunWins(mode, token.mode) === 'enforce' ? 'take' : 'look'
  return {
    tokens: {
      withoutToken: tokenStrip(tokenSources(route)).query,
      payload: tokenTraces(token.from).payload,
      ...(route.tickets ? { redeem: (ticket, now) => tickets[use](ticket, scope, now) } : {}),
    },
  }
}

/** Makes tickets for the tokens of connections that were let in. */
export function issuing(route: string, ttlMs: number, tickets: Tickets): TicketOffice['issue'] {
  const { payload } = tokenTraces(FROM)
  return (connection, now) => {
    const { token, user, expiresAt = Number.POSITIVE_INFINITY } = connection
    if (!token) return undefined
    const until = Math.min(now + ttlMs, expiresAt)
    const { hash, length, preview } = token
    const request = {
      route,
      owner: user ?? hash,
      token: { payload: payload(connection), fingerprint: { hash, length, preview } },
      until,
    }
    const expiresIn = Math.floor((until - now) / 1000)
    const made = tickets.issue(request, now)
    const issued = (ticket: string | undefined) => (ticket === undefined ? undefined : { ticket, expiresIn })
    return made instanceof Promise ? made.then(issued) : issued(made)
  }
}
