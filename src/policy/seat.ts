/** Connections that make room for newer ones of the same user. */
import type { StepMode } from './check.ts'

/** A place that a newer connection may take over. */
export interface Seat {
  /**
   * The connection is open. Returns those of this process that lose their places to it and are yet to be told; their
   * seats count no longer.
   * @param by whose seat it is
   */
  readonly open: (occupant: Occupant, by: Newcomer) => readonly Occupant[]
  /** Counts no longer. Safe to call twice. */
  readonly leave: () => void
}

/** An open connection, as the one that takes its place sees it. */
export interface Occupant {
  /** @param by the step of the newer one; only an enforced one ends this connection */
  readonly replaced: (by: Newcomer) => void
}

/** The step that takes a place. */
export interface Newcomer {
  readonly check: string
  readonly mode: StepMode
}
