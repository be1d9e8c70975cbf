/** A configuration compiled: one immutable value, swapped whole on reload. */
import type { Answers } from './answers.ts'
import type { FrameStep, MessageStep, Mode, StandingStep, Step } from './check.ts'
import type { Connection } from './connection.ts'
import type { FirstMessage } from './first-message.ts'

/** How a refused client is answered: a close code, an HTTP status, or a code for browsers (they send Origin) only. */
export type RejectWith = 'close' | 'http' | 'auto'

/** Everything one route asks for. `Upstreams` is the proxy's own notion of where the backend is. */
export interface RoutePolicy<Upstreams = unknown> {
  readonly name: string
  /** Judged in this order once the route is known. */
  readonly steps: readonly Step[]
  readonly frames: readonly FrameStep[]
  /** Reads the client's messages; absent: nobody does. */
  readonly messages?: MessageStep | undefined
  /** Takes newer tokens of open connections from among them. */
  readonly refresh?: Refresh | undefined
  /** Lets clients in to show their token in their first message. */
  readonly firstMessage?: FirstMessage | undefined
  /** Reads the backend's. */
  readonly outbound?: MessageStep | undefined
  /** Whether the client's offer to compress messages reaches the backend. */
  readonly compression?: 'pass' | 'strip'
  /** Whether its open connections may stay. */
  readonly standing?: readonly StandingStep[]
  /** Where clients get tickets. */
  readonly tickets?: TicketOffice
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
  /** How long an open connection may live. */
  readonly session: SessionBounds
  /** Removes the token from what the backend sees; absent unless `strip: true`. */
  readonly strip?: StripToken | undefined
  /** The payload of the token a connection came with, base64url as it was signed. */
  readonly payload: (connection: Connection) => string
  /** Masks what must not be logged of a query string. */
  readonly maskQuery: (query: string) => string
}

/** How a newer token of the same user extends an open connection. */
export interface Refresh {
  /** Tells the messages that carry one from the others. */
  readonly step: MessageStep
  /** Judges what such a message says. */
  readonly judged: readonly Step[]
  /** What becomes of the connection where that refuses. */
  readonly onInvalid: 'close' | 'error'
  /** A text message for the client where it was extended. */
  readonly reply?: string | undefined
  /** And where it was not, and may stay. */
  readonly errorMessage?: string | undefined
}

/** Gives a ticket for a token in a header. */
export interface TicketOffice {
  /** The path of the request target, raw. */
  readonly path: string
  /** Who asks for a ticket is judged by these. */
  readonly steps: readonly Step[]
  /** Makes one for a connection that these let in with a verified token; undefined where its user has too many. */
  readonly issue: (connection: Connection, now: number) => Issued | undefined | Promise<Issued | undefined>
}

export interface Issued {
  readonly ticket: string
  /** Whole seconds. */
  readonly expiresIn: number
}

/** Times in ms; what is absent bounds nothing. */
export interface SessionBounds {
  readonly mode: Mode
  /** Longest time without a data frame in either direction. */
  readonly idle?: number | undefined
  readonly maxAge?: number | undefined
  /** How much earlier the age may end, another time for each connection. */
  readonly maxAgeJitter?: number | undefined
  /** How often we ping the client. */
  readonly ping?: number | undefined
  /** Longest time without a byte from a client that is pinged. */
  readonly pong?: number | undefined
  /** How many bytes may wait for a side that is slow, and how long it may take none of them. */
  readonly slowConsumer?: { readonly buffer?: number | undefined; readonly timeout?: number | undefined } | undefined
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
  /** The route whose tickets are asked for at a path. */
  readonly ticketsAt?: (path: string) => RoutePolicy<Upstreams> | undefined
  readonly answers: Answers
  /** Lower-case names of all configured identity headers, removed from every request. */
  readonly identityHeaders: readonly string[]
  readonly trust: Trust
  /** Process-wide dry run. */
  readonly mode: Mode
}
