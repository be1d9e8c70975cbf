/** Everything that is worth a log line or a count. Two tables read this union: `log.ts` and `metrics.ts`. */
import type { Connection } from '../policy/connection.ts'
import type { Action, Finding } from '../policy/finding.ts'
import type { Reason } from '../policy/reasons.ts'

/** Who ended a connection. */
export type Initiator = 'client' | 'upstream' | 'proxy'

/** One handshake was judged. */
export interface Decided {
  readonly type: 'decided'
  readonly connection: Connection
  readonly route: string
  /** Would-be refusals, and the one that counted, in order. */
  readonly findings: readonly Finding[]
  /** What candidate limits would refuse: nothing follows from it. */
  readonly candidates: readonly Finding[]
  /** The refusal that decided, with what the client was told: a close code, or an HTTP status. */
  readonly refusal?: { readonly finding: Finding; readonly code: number }
  /** The request target for the log: tokens masked, bounded, free of control bytes. */
  readonly url: string
  readonly tookMs: number
}

/** The backend answered an admitted handshake, or could not. One per admitted handshake. */
export interface Answered {
  readonly type: 'answered'
  readonly connection: Connection
  readonly route: string
  readonly result: 'success' | 'would_reject' | 'upstream_error'
  /** From the request to the answer. */
  readonly tookMs: number
}

/** An admitted connection ended, its sockets are gone. One per admitted handshake. */
export interface Closed {
  readonly type: 'closed'
  readonly connection: Connection
  readonly route: string
  /** Whether it was ever a WebSocket: an admitted handshake may fail at the backend. */
  readonly opened: boolean
  /** The close code the client saw or sent; 1006 where there was none; an HTTP status where the backend answered with one. */
  readonly code: number
  /** Why, where it was us; empty otherwise. */
  readonly reason: Reason | ''
  readonly detail: string
  readonly initiator: Initiator
  readonly durationMs: number
  readonly traffic: Traffic
  /** Refused or would-be refused frames by reason; those of candidate limits apart. */
  readonly violations: ReadonlyMap<ViolationKey, number>
}

/** What was relayed; `in` is from the client. Messages are data messages, bytes are bytes on the wire, frame headers included. */
export interface Traffic {
  messagesIn: number
  messagesOut: number
  bytesIn: number
  bytesOut: number
}

/** How violations are told apart in `closed`. */
export type ViolationKey = Reason | `candidate.${Reason}`

/** The first finding of its reason on a session; the rest are counted into `closed`. An ending of ours is told by `closed` alone. */
export interface Violated {
  readonly type: 'violated'
  readonly connection: Connection
  readonly route: string
  readonly finding: Finding
  /** `connection`: no frame is to blame, and a dry run lets it stay. */
  readonly subject?: 'connection'
}

/** A ticket was asked for: one was made, unless it was refused. */
export interface Ticketed {
  readonly type: 'ticket'
  readonly connection: Connection
  readonly route: string
  readonly findings: readonly Finding[]
  /** With the HTTP status that the client was told. */
  readonly refusal?: { readonly finding: Finding; readonly code: number }
}

/** An open connection has a newer token, and goes on with it. A refusal of one is `violated`, or ends the connection. */
interface Refreshed {
  readonly type: 'refreshed'
  /** With the newer token. */
  readonly connection: Connection
  readonly route: string
}

/** A request that is no valid HTTP or no valid handshake was answered with a status; a connection that is no HTTP was ended. */
interface Malformed {
  readonly type: 'malformed'
  readonly peer: string
  /** Absent where there was no answer. */
  readonly status?: number
  readonly detail: string
}

/** Something happened to the process rather than to a connection. */
type ProcessEvent =
  | {
      readonly type: 'started'
      readonly listeners: Readonly<Record<string, string>>
      readonly mode: string
      readonly wire: string
      /** How many processes serve clients, where that is not this one alone. */
      readonly workers?: number
    }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'reloaded' }
  | { readonly type: 'reload_failed'; readonly problems: readonly string[] }
  | { readonly type: 'keys'; readonly url: string; readonly outcome: 'fetched' | 'failed'; readonly detail: string }
  | {
      readonly type: 'authorization'
      readonly url: string
      /** It began to fail, or answers again. */
      readonly outcome: 'failed' | 'answers'
      readonly detail: string
    }
  | { readonly type: 'upstream_failed'; readonly upstream: string; readonly detail: string }
  | { readonly type: 'draining'; readonly open: number }
  | { readonly type: 'drained'; readonly forced: number }
  | { readonly type: 'administered'; readonly action: string; readonly peer: string; readonly detail: string }
  | { readonly type: 'one_client'; readonly address: string }
  | {
      /** A worker ended that nobody asked to. */
      readonly type: 'worker_ended'
      readonly worker: number
      /** Its signal or exit code. */
      readonly how: string
      /** Its open connections, which ended with it. */
      readonly connections: number
      /** When another takes its place. */
      readonly replacedInMs: number
    }
  | { readonly type: 'stopped' }

export type Event = Decided | Answered | Closed | Violated | Ticketed | Refreshed | Malformed | ProcessEvent

/** The one way out for everything that is logged or counted. */
export type Observe = (event: Event) => void

/** Live counters of one route, in plain numbers that metrics read at scrape. */
export interface RouteTotals extends Traffic {
  readonly route: string
  /** Connections open now. */
  active: number
  /** Refused and would-be refused frames by reason and action. */
  readonly violations: Map<string, { readonly reason: Reason; readonly action: Action; count: number }>
}
