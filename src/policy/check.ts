/** What a check is, and what becomes of it when a policy is assembled. */
import type { Connection, Fact } from './connection.ts'
import type { Frame } from './frame.ts'
import type { Verdict } from './verdict.ts'

export type HandshakeCheck = (connection: Connection) => Verdict | Promise<Verdict>

/** Synchronous by type: judging a frame never waits. */
export type FrameCheck = (frame: Frame) => Verdict

/** `enforce`, or judged and reported only. */
export type Mode = 'enforce' | 'dry-run'

/** A handshake check, assembled for one route. */
export interface Step {
  readonly check: string
  readonly mode: Mode
  /** Facts without which the check cannot judge: skipped where an earlier would-be refusal removed one. */
  readonly needs: readonly Fact[]
  readonly judge: HandshakeCheck
}

/** A frame check, assembled for one route; `begin` makes the state of one connection. */
export interface FrameStep {
  readonly check: string
  readonly mode: Mode
  /** Equal ids mean equal settings: an open session keeps that check's state over a reload. */
  readonly id: string
  readonly begin: (connection: Connection) => FrameCheck
}
