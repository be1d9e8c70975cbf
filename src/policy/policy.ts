/** A configuration compiled: one immutable value, swapped whole on reload. */
import type { Answers } from './answers.ts'
import type { FrameStep, Mode, Step } from './check.ts'
import type { Connection } from './connection.ts'

/** How a refused client is answered: a close code, an HTTP status, or a code for browsers (they send Origin) only. */
export type RejectWith = 'close' | 'http' | 'auto'

/** Everything one route asks for. `Upstreams` is the proxy's own notion of where the backend is. */
export interface RoutePolicy<Upstreams = unknown> {
  readonly name: string
  /** Judged in this order once the route is known. */
  readonly steps: readonly Step[]
  readonly frames: readonly FrameStep[]
  readonly upstreams: Upstreams
  readonly rejectWith: RejectWith
  /** Ordinary HTTP: passed through, or refused with 426. */
  readonly http: 'pass' | 'refuse'
  readonly validateUtf8: boolean
  /** Names of the identity headers the backend gets. */
  readonly identity: { readonly user?: string | undefined; readonly claims?: string | undefined }
  /** Offered subprotocols that carry a token, by index: never echoed. */
  readonly tokenProtocols: (protocols: readonly string[]) => ReadonlySet<number>
  /** Process and route: whether a breach of RFC 6455 ends the connection, or is reported and passes. */
  readonly mode: Mode
  /** The token check's: whether an open connection ends with its token. */
  readonly tokenMode: Mode
  /** Removes the token from what the backend sees; absent unless `strip: true`. */
  readonly strip?: StripToken | undefined
  /** The payload of the token a connection came with, base64url as it was signed. */
  readonly payload: (connection: Connection) => string
  /** Masks what must not be logged of a query string. */
  readonly maskQuery: (query: string) => string
}

/** How a handshake looks without its token; each function leaves everything else byte for byte. */
export interface StripToken {
  readonly query: (query: string) => string
  /** The header's value without the token; undefined: the header goes. */
  readonly header: (name: string, value: string) => string | undefined
  readonly protocols: (protocols: readonly string[]) => readonly string[]
}

/** Whose word is taken for a client's address, and how much of an address counts. */
export interface Trust {
  /** Whether a peer, an address or `unix`, is a trusted proxy. */
  trusts(peer: string): boolean
  /** The header in which trusted proxies name the client, lower-case. */
  readonly forwardedHeader: string
  /** How many leading bits of an IPv6 address are counted as one client. */
  readonly ipv6Prefix: number
}

export interface Policy<Upstreams = unknown> {
  /** Judged first, before the route is known; its last step learns the route. */
  readonly entry: readonly Step[]
  readonly routes: ReadonlyMap<string, RoutePolicy<Upstreams>>
  /** Serves what no route matches: refuses, unless the whole process is in dry run and has an upstream. */
  readonly unmatched: RoutePolicy<Upstreams>
  /** First route whose path matches, for ordinary HTTP; undefined: none. */
  readonly routeOf: (path: string) => RoutePolicy<Upstreams> | undefined
  readonly answers: Answers
  /** Lower-case names of all configured identity headers, removed from every request. */
  readonly identityHeaders: readonly string[]
  readonly trust: Trust
  /** Process-wide dry run. */
  readonly mode: Mode
}
