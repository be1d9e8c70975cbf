/** The handshake as the backend gets it: the client's own, byte for byte, but for what is ours to say and what `strip` removes. */
import type { IncomingMessage } from 'node:http'
import { acceptKey } from '../frames/accept.ts'
import type { Permit } from '../policy/admit.ts'
import type { Policy, StripToken } from '../policy/policy.ts'
import type { Handshake } from './dialled.ts'
import { offered } from './extension-offer.ts'
import { clientFacts, filtered, pairs, toBackend } from './headers.ts'
import { identityHeaders } from './identity.ts'

/** @param policy the one that the client was judged by */
export function backendHandshake(request: IncomingMessage, permit: Permit, policy: Policy): Handshake {
  const { connection, route } = permit
  // A handshake has no body to expect anything of; and node:http sends a head with Expect as UTF-8 (trap 39).
  const asked = filtered(request.rawHeaders, (name) => name !== 'expect')
  const headers = offered(toBackend(asked, clientFacts(connection, policy)), route)
  const kept = route.strip ? stripped(headers, connection.protocols, route.strip) : headers
  const own = ['Connection', 'Upgrade', 'Upgrade', 'websocket', ...identityHeaders(connection, route)]
  const query = route.strip ? route.strip.query(connection.query) : connection.query
  const target = route.strip ? `${connection.path}${query === '' ? '' : `?${query}`}` : (request.url ?? '/')
  return { target, headers: [...kept, ...own], accept: acceptKey(request.headers['sec-websocket-key'] ?? '') }
}

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
