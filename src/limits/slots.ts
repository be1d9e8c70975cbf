/** Places that connections hold while they are open, wherever they are counted: here, or in another process. */

/** A place that a connection wants. */
export interface Wanted {
  readonly key: string
  /** How many may hold it at once; absent: it is only counted. */
  readonly max?: number | undefined
  /**
   * `count`: whoever holds it keeps it. A seat may be lost: with `refuse` it is kept as well, but a later configuration
   * may say otherwise; with `evict` those that are open make room when a newer one opens.
   */
  readonly as: 'count' | 'refuse' | 'evict'
}

/** What became of several places that were wanted together: all were taken, or none. */
export type Taking<Seat> =
  | {
      readonly ok: true
      /** How many hold each, this connection included; in the order of what was wanted. */
      readonly held: readonly number[]
      readonly release: () => void
      /** The one that may be lost, where one of them was a seat. */
      readonly seat?: Seat
    }
  | {
      readonly ok: false
      /** Which of them was full, and how many hold it. */
      readonly full: number
      readonly held: number
    }

/** Where places are counted. */
export interface Slots<Seat> {
  /** Takes all, or none. */
  takeAll(wanted: readonly Wanted[]): Taking<Seat> | Promise<Taking<Seat>>
}
