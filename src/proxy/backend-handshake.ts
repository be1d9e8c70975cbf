/** The handshake as the backend gets it: the client's own, byte for byte, but for what is ours to say and what `strip` removes. */
import { acceptKey } from '../frames/accept.ts'
import type { Permit } from '../policy/admit.ts'
import type { Policy, StripToken } from '../policy/policy.ts'
import type { Handshake } from './dialled.ts'
import { offered } from './extension-offer.ts'
import { handshakeKey } from './handshake.ts'
import { clientFacts, filtered, pairs, toBackend, valuesOf } from './headers.ts'
import { identityHeaders } from './identity.ts'
import type { Opened } from './pending-upgrade.ts'
import type { UpgradeRequest } from './upgrade-request.ts'

/**
 * @param policy the one that the client was judged by
 * @param opened what the client was told already, and the backend must agree to
 */
export function backendHandshake(request: UpgradeRequest, permit: Permit, policy: Policy, opened?: Opened): Handshake {
  const { connection, route } = permit
  const headers = offered(toBackend(asked(request.rawHeaders), clientFacts(connection, policy)), route)
  const asking = opened ? agreedOn(headers, opened) : headers
  const kept = route.strip ? stripped(asking, connection.protocols, route.strip) : asking
  const own = ['Connection', 'Upgrade', 'Upgrade', 'websocket', ...identityHeaders(connection, route)]
  const query = route.strip ? route.strip.query(connection.query) : connection.query
  const target = route.strip ? `${connection.path}${query === '' ? '' : `?${query}`}` : (request.url ?? '/')
  return { target, headers: [...kept, ...own], accept: acceptKey(handshakeKey(request)) }
}

/** A handshake has no body to expect anything of; and node:http sends a head with Expect as UTF-8 (trap 39). */
const asked = (raw: readonly string[]): readonly string[] =>
  valuesOf(raw, 'expect').length === 0 ? raw : filtered(raw, (name) => name !== 'expect')

/** It is offered nothing that the client was not told. */
function agreedOn(headers: readonly string[], { protocol }: Opened): string[] {
  const others = filtered(headers, (name) => !NEGOTIATED.has(name))
  return protocol === undefined ? others : [...others, 'Sec-WebSocket-Protocol', protocol]
}

const NEGOTIATED: ReadonlySet<string> = new Set(['sec-websocket-protocol', 'sec-websocket-extensions'])

/** The headers without the token. Subprotocols may stand on several lines; what is left of them stands on one. */
function stripped(headers: readonly string[], offered: readonly string[], strip: StripToken): string[] {
  const kept: string[] = []
  for (const [name, value] of pairs(headers)) {
    const lower = name.toLowerCase()
    if (lower === 'sec-websocket-protocol') continue
    const left = strip.header(lower, value)
    if (left !== undefined) kept.push(name, left)
  }
  const protocols = strip.protocols(offered)
  if (protocols.length > 0) kept.push('Sec-WebSocket-Protocol', protocols.join(', '))
  return kept
}
