/** Whether an external service lets this client open this resource. What it is told stands in headers; its URL is the configured one. */

import type { Reply } from '../authorization/ask.ts'
import { describe, isDecision } from '../authorization/authorization.ts'
import type { Service } from '../authorization/service.ts'
import type { HandshakeCheck } from '../policy/check.ts'
import type { Connection } from '../policy/connection.ts'
import { passed, refuse, type Verdict } from '../policy/verdict.ts'
import type { Assembly, RouteTokens } from './define.ts'

export interface ServiceEntry {
  readonly url: Service
  /** ms */
  readonly timeout: number
  /** ms; 0: no answer is remembered */
  readonly cache: number
  readonly headers: readonly string[]
  readonly onError: 'refuse' | 'allow'
  readonly responseHeaders: readonly string[]
}

/** What we tell the service ourselves; a client's header of such a name is not passed on to it. */
export const OWN_HEADER = /^(?:x-original-.*|x-real-ip|x-auth-user|x-auth-claims|x-request-id|accept|expect|proxy.*)$/i

/** Asks for each handshake, unless the same question was just answered or is being asked. */
export function asks(entry: ServiceEntry, { authorization, tokens }: Assembly): HandshakeCheck {
  const { url, timeout, cache, headers, responseHeaders } = entry
  const ask = authorization({ service: url, timeoutMs: timeout, cacheMs: cache, responseHeaders })
  return async (connection) => {
    const told = [...ownHeaders(connection, tokens), ...headers.flatMap((name) => linesOf(connection, name))]
    const reply = await ask({ headers: told, beside: ['X-Request-ID', connection.id] })
    return conclude(reply, entry, connection)
  }
}

/** The request target goes without its token: a URL ends up in logs. */
function ownHeaders(connection: Connection, tokens: RouteTokens | undefined): string[] {
  const { path, host, ip, user, claims } = connection
  const query = tokens ? tokens.withoutToken(connection.query) : connection.query
  return [
    ...['X-Original-Method', 'GET', 'X-Original-URI', query === '' ? path : `${path}?${query}`],
    ...(host === '' ? [] : ['X-Original-Host', host]),
    ...['X-Real-IP', ip],
    ...(user === undefined ? [] : ['X-Auth-User', encodeURIComponent(user.toWellFormed())]),
    ...(claims && tokens ? ['X-Auth-Claims', connection.payload ?? tokens.payload(connection)] : []),
  ]
}

const linesOf = ({ header }: Connection, name: string): string[] =>
  header(name.toLowerCase()).flatMap((line) => [name, line])

const REASONS = new Map([
  [401, 'token_invalid'],
  [403, 'access_denied'],
  [404, 'resource_not_found'],
] as const)

function conclude(reply: Reply, { url, onError }: ServiceEntry, { handed = [] }: Connection): Verdict {
  const detail = `asked ${url.shown}: ${describe(reply)}`
  if (!isDecision(reply)) {
    return onError === 'allow' ? passed(`${detail}: onError allows it`) : refuse('internal_error', detail)
  }
  // isDecision leaves these and 2xx.
  const reason = REASONS.get(reply.status as 401 | 403 | 404)
  if (reason) return refuse(reason, detail)
  const given = reply.headers
  return passed(detail, given.length === 0 ? {} : { handed: [...handed, ...given] })
}
