/** The facts about a client that asks for an upgrade, as plain readonly data: no socket, no request object. */

/** What checks found out; each fact is absent until a check learned it (in dry run it may stay absent). */
export interface Learned {
  /** Name of the route that matched. */
  readonly route?: string | undefined
  /** Segments named in the route's path (`:dialogId`), raw as they stood in the URL. */
  readonly params?: ReadonlyMap<string, string> | undefined
  readonly token?: TokenFacts | undefined
  /** Claims of a verified token. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** When the verified token ends, ms since the epoch, clock tolerance included; absent where the connection may outlive it. */
  readonly expiresAt?: number | undefined
  /** The verified token's user claim. */
  readonly user?: string | undefined
  /** `iframe` where the Origin is a trusted iframe host and `parent_origin` was judged instead. */
  readonly type?: 'direct' | 'iframe' | undefined
  readonly parentOrigin?: string | undefined
  /** The payload of the token that stands behind what the client showed, base64url as it was signed; absent where it showed the token itself. */
  readonly payload?: string | undefined
  /** Headers for the backend that an authorization service gave: `[name, value, …]`. */
  readonly handed?: readonly string[] | undefined
}

/** What may be told of a token: never the token. */
interface TokenFacts {
  /** Where it stood, as configured, such as `query:site_token`. */
  readonly source: string
  /** 12 hexadecimal digits of its SHA-256. */
  readonly hash: string
  readonly length: number
  /** The first 8 characters of a long token, else empty. */
  readonly preview: string
}

export interface Connection extends Learned {
  /** The request id, ours or a trusted proxy's. */
  readonly id: string
  /** When it was received, ms since the epoch. */
  readonly at: number
  /** When it was received, ms on a monotonic clock, which rates count by. */
  readonly clock: number
  /** Canonical address of the TCP peer; `unix` on a unix socket. */
  readonly peer: string
  /** Whether the peer is one of `trustedProxies`, and what it passes on is its own word. */
  readonly trusted: boolean
  /** Canonical address of the client, behind trusted proxies. */
  readonly ip: string
  /** What the address is counted by: an IPv4 address itself, an IPv6 address as its network (`ipv6Prefix`). */
  readonly ipKey: string
  /** The hops that trusted proxies vouch for, from the client on, without the peer. */
  readonly chain: readonly string[]
  /** Whether its headers name addresses that no trusted proxy vouches for. */
  readonly unvouched: boolean
  /** Whether the client spoke TLS, to us or to a trusted proxy. */
  readonly secure: boolean
  /** The Host header, raw. */
  readonly host: string
  /** The request target up to `?`, raw. */
  readonly path: string
  /** The request target after `?`, raw; empty without one. */
  readonly query: string
  /** All lines of a header, by its lower-case name, in order. */
  readonly header: (name: string) => readonly string[]
  /** The subprotocols offered, in order. */
  readonly protocols: readonly string[]
  /** Its handshake is over, and what only that needed is gone: the query, the subprotocols, every header but Origin. */
  readonly shed?: true
  /** A message of the client as JSON, while a token is looked for in it. */
  readonly message?: unknown
}

/** Every fact a check may have to wait for. */
export type Fact = keyof Learned

const NONE: readonly string[] = []

/**
 * The facts that outlive the handshake: of its headers Origin, which the log names, of its target the path, of its token the
 * claims. One by one: an object of two others spread is a dictionary to V8, and twice as large.
 */
export function withoutHandshake(connection: Connection): Connection {
  const origin = connection.header('origin')
  return {
    id: connection.id,
    at: connection.at,
    clock: connection.clock,
    peer: connection.peer,
    trusted: connection.trusted,
    ip: connection.ip,
    ipKey: connection.ipKey,
    chain: NONE,
    unvouched: connection.unvouched,
    secure: connection.secure,
    host: '',
    path: connection.path,
    query: '',
    protocols: NONE,
    header: origin.length === 0 ? noHeader : (name) => (name === 'origin' ? origin : NONE),
    route: connection.route,
    params: connection.params,
    claims: connection.claims,
    expiresAt: connection.expiresAt,
    user: connection.user,
    type: connection.type,
    parentOrigin: connection.parentOrigin,
    shed: true,
  }
}

const noHeader = () => NONE
