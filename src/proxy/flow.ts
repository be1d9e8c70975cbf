/**
 * When a direction last moved, and what keeps it from moving: plain numbers, stored as frames pass and looked at when a
 * deadline comes. All times in ms, monotonic.
 */
export class Flow {
  /** When data last passed: a frame of a message, or payload of it. */
  dataAt: number
  /** When the sender was last read again after a pause, which was none of its doing. */
  resumedAt: number
  /** When the receiver last began not to take what is sent. */
  fullAt = 0
  /** The receiver's queue is full; the sender is not read meanwhile. */
  isFull = false

  constructor(now: number) {
    this.dataAt = now
    this.resumedAt = now
  }
}
