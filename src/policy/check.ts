/** What a check is, and what becomes of it when a policy is assembled. */
import type { Connection, Fact } from './connection.ts'
import type { Frame } from './frame.ts'
import type { Message } from './message.ts'
import type { Verdict } from './verdict.ts'

export type HandshakeCheck = (connection: Connection) => Verdict | Promise<Verdict>

/** Synchronous by type: judging a frame never waits. */
export type FrameCheck = (frame: Frame) => Verdict

/** Synchronous too: what comes after a message waits for its verdict. */
export type MessageCheck = (message: Message) => Verdict

/** `enforce`, or judged and reported only. */
export type Mode = 'enforce' | 'dry-run'

/** A step's mode; `candidate`: a limit that is tried beside the live one, reported under its own name, never enforced. */
export type StepMode = Mode | 'candidate'

/** A handshake check, assembled for one route. */
export interface Step {
  readonly check: string
  readonly mode: StepMode
  /** Facts without which the check cannot judge: skipped where an earlier would-be refusal removed one. */
  readonly needs: readonly Fact[]
  readonly judge: HandshakeCheck
  /** How often it is asked again of an open connection, ms; absent: never. */
  readonly recheckMs?: number
  /** How a check that stands behind the token judges in two parts those who show it in their first message; absent: all of it after that. */
  readonly parted?: Parted
}

/** A check in two: what it judges of the handshake alone, and what of the token. */
export interface Parted {
  readonly before: HandshakeCheck
  readonly after: HandshakeCheck
}

/**
 * A check of an open connection, judged again whenever what it depends on has changed.
 * @param now ms since the epoch
 */
export type StandingCheck = (connection: Connection, now: number) => Verdict

/** The same, assembled for one route. */
export interface StandingStep {
  readonly check: string
  readonly mode: StepMode
  readonly judge: StandingCheck
}

/** A frame check, assembled for one route; `begin` makes the state of one connection. */
export interface FrameStep {
  readonly check: string
  readonly mode: StepMode
  /** Equal ids mean that an open session keeps that check's state over a reload. */
  readonly id: string
  readonly begin: (connection: Connection) => FrameCheck
  /** What an enforced refusal does; absent: it closes. */
  readonly exceeding?: Exceeding
}

/** A check of whole messages of one side, assembled for one route. */
export interface MessageStep {
  readonly check: string
  readonly mode: Mode
  /** Equal ids mean that an open session keeps that check's state over a reload. */
  readonly id: string
  /** The longest message that is read, in bytes, inflated. */
  readonly maxBytes: number
  readonly begin: (connection: Connection) => MessageCheck
  /** What an enforced refusal does. */
  readonly exceeding: Exceeding
}

/** What becomes of a frame or a message that an enforced check refuses. */
export interface Exceeding {
  /**
   * `drop`: its whole message vanishes. `error`: that, and the client is told. `delay`: reading stops until it fits.
   * `redact`: something else goes in its place. What can be none of these, closes.
   */
  readonly action: 'close' | 'drop' | 'error' | 'delay' | 'redact'
  /** After so many dropped messages of a connection the next one closes; absent: never. */
  readonly closeAfterDrops?: number | undefined
  /** Longest delay of a frame since it came, in ms; one that would take longer closes. */
  readonly maxDelay: number
  /** A text message for the client: before our Close, or with `error`. */
  readonly notice?: string | undefined
}
