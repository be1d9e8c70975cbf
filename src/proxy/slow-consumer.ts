/** Whether a receiver takes what is queued for it (trap 7). */
import type { Flow } from './flow.ts'

/**
 * Without any setting a receiver that takes nothing for so long ends its session, in ms: meanwhile the other side is not
 * read, so nobody notices when that is gone, and what the session holds it would hold for ever.
 */
export const STANDSTILL_MS = 60_000

/** A receiver that does not take what is sent. */
export interface Standing {
  readonly who: 'the client' | 'the backend'
  /** Bytes that wait for it. */
  readonly queued: number
  /** When it last took any, as far as looks can tell; ms, monotonic. */
  readonly movedAt: number
}

/** What one receiver has taken between looks. */
export class SlowConsumer {
  readonly #who: Standing['who']
  /** When the stall that was looked at began. */
  #fullAt = -1
  /** The least that was queued since. */
  #least = 0
  #movedAt = 0

  constructor(who: Standing['who']) {
    this.#who = who
  }

  /** Looks at it; undefined where it takes everything. */
  look(flow: Pick<Flow, 'isFull' | 'fullAt'>, queued: number, now: number): Standing | undefined {
    if (!flow.isFull) return undefined
    const isNew = flow.fullAt !== this.#fullAt
    if (isNew || queued < this.#least) {
      this.#fullAt = flow.fullAt
      this.#least = queued
      this.#movedAt = isNew ? flow.fullAt : now
    }
    return { who: this.#who, queued, movedAt: this.#movedAt }
  }
}
