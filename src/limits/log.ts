/** So many events (or bytes) per window of so many milliseconds. */
export interface Rate {
  readonly count: number
  readonly windowMs: number
}

/** How much of a window is used. */
export interface Usage {
  /** Of what the window allows, 0 to 1. */
  readonly share: number
  /** Events, or bytes where bytes are limited. */
  readonly events: number
}

/** What is remembered of one key's past events. Times are ms on a monotonic clock and never go back; amounts are integers. */
export interface Log {
  /** How much more stays within every window. */
  room(now: number): number
  /** Records so much; only where it fits. */
  record(now: number, amount: number): void
  /** Takes the last record back; `amount` is what it recorded. */
  undo(amount: number): void
  /** The earliest time, not before `now`, at which so much fits if nothing else comes; Infinity where it never does. */
  roomAt(now: number, amount: number): number
  /**
   * When the last event has left every window in which so much does not fit; `now` where it fits all. In a window that
   * never allows so much, one more event is what has to fit.
   */
  fullUntil(now: number, amount: number): number
  /** Of the fullest window. */
  used(now: number): Usage
  /** Whether no event is left in any window. */
  isIdle(now: number): boolean
}

/** The time of an event that never was. */
export const NEVER = Number.NEGATIVE_INFINITY

export const UNUSED: Usage = { share: 0, events: 0 }

/** A ring to begin with, for times: most keys never need more. */
export const firstTimes = (): number[] => [NEVER, NEVER, NEVER, NEVER]

/** A full ring from its oldest slot on, with as many empty slots behind. (`concat`, as a spread would leave room behind those.) */
export const unrolled = (ring: readonly number[], oldest: number, empty: number): number[] =>
  ring.slice(oldest).concat(
    ring.slice(0, oldest),
    ring.map(() => empty),
  )
