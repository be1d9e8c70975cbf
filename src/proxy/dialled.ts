/** What is asked of a backend, and what can come of it. */
import type { IncomingMessage } from 'node:http'
import type { Side } from './wire.ts'

/** The handshake for the backend. */
export interface Handshake {
  /** The request target, byte for byte as it is to be sent. */
  readonly target: string
  readonly headers: readonly string[]
  /** What its Sec-WebSocket-Accept must be. */
  readonly accept: string
}

/** The head of a 101: what of it passes on to the client. */
export interface Switch {
  readonly statusMessage?: string | undefined
  /** `[name, value, name, value, …]` as they came, Latin-1. */
  readonly rawHeaders: readonly string[]
}

export type Dialled =
  /** A right 101: from here on the socket carries frames. */
  | { readonly kind: 'switched'; readonly response: Switch; readonly socket: Side; readonly head: Buffer }
  /** Any other answer is an ordinary response (trap 4). */
  | { readonly kind: 'answered'; readonly response: IncomingMessage }
  | Failure

export interface Failure {
  readonly kind: 'failed'
  readonly reason: 'upstream_unreachable' | 'upstream_timeout'
  readonly upstream: string
  readonly detail: string
  /** No connection came about: another upstream may be asked. */
  readonly isUnreached: boolean
}

export const failure = (upstream: string, detail: string, reach: 'reached' | 'unreached'): Failure => ({
  kind: 'failed',
  reason: 'upstream_unreachable',
  upstream,
  detail,
  isUnreached: reach === 'unreached',
})
