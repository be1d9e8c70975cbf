/** What a session is made of, and what it shares with the others. */
import type { AllowedRsv } from '../frames/extensions.ts'
import type { Observe, RouteTotals } from '../observe/events.ts'
import type { Permit } from '../policy/admit.ts'
import type { Answers } from '../policy/answers.ts'
import type { Droppable } from '../policy/inspect.ts'
import type { MessageMemory } from './message-memory.ts'
import type { Overhearing } from './overhearing.ts'
import type { Session } from './session.ts'
import type { Wheel } from './wheel.ts'
import type { MakeWire, Side } from './wire.ts'

/** What sessions share. */
export interface SessionContext {
  /** Runs on `clock`. */
  readonly wheel: Wheel
  /** ms since the epoch. */
  readonly now: () => number
  /** ms, monotonic: what deadlines are timed with. */
  readonly clock: () => number
  /** The same in whole ms: what frames are timed with. Whole numbers need no object each. */
  readonly frameClock: () => number
  readonly observe: Observe
  readonly answers: () => Answers
  readonly totals: (route: string) => RouteTotals
  /** For messages that policies read. */
  readonly memory: MessageMemory
  /** Takes over the sockets. */
  readonly makeWire: MakeWire
  /** Told when both sockets are gone. */
  readonly ended: (session: Session) => void
}

/** Two sockets after a 101, with what came glued to either handshake. */
export interface Pair {
  readonly permit: Permit
  readonly client: Side
  /** What the client is sent before all else: the 101, where it has none yet. */
  readonly greeting?: Uint8Array | undefined
  readonly clientHead: readonly Uint8Array[]
  readonly upstream: Side
  readonly upstreamHead: Uint8Array
  readonly rsv: AllowedRsv
  /** The extensions of the 101, as the client was told of them. */
  readonly extensions?: string | undefined
  /** Listens for a first message, in a dry run. */
  readonly overhearing?: Overhearing | undefined
  /** Which messages of the client may vanish. */
  readonly droppable: Droppable
}

/** What of a pair is kept for messages that are read: not the sockets of node's, which are the wires' now and may be gone. */
export type Negotiated = Pick<Pair, 'permit' | 'rsv' | 'extensions' | 'overhearing'>
