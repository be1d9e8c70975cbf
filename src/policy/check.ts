/** What a check is, and what becomes of it when a policy is assembled. */
import type { Connection, Fact } from './connection.ts'
import type { Frame } from './frame.ts'
import type { Verdict } from './verdict.ts'

export type HandshakeCheck = (connection: Connection) => Verdict | Promise<Verdict>

/** Synchronous by type: judging a frame never waits. */
export type FrameCheck = (frame: Frame) => Verdict

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

/** What becomes of a frame that an enforced check refuses. */
export interface Exceeding {
  /** `drop`: its whole message vanishes. `delay`: reading stops until it fits. What can be neither, closes. */
  readonly action: 'close' | 'drop' | 'delay'
  /** After so many dropped messages of a connection the next one closes; absent: never. */
  readonly closeAfterDrops?: number | undefined
  /** Longest delay of a frame in ms; one that would take longer closes. */
  readonly maxDelay: number
  /** A text message for the client before our Close. */
  readonly notice?: string | undefined
}
