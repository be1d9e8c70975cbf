/** Workers that are to be started again in place of those that ended. */
import { Backoff } from './backoff.ts'

export interface ReplacingParts {
  /** Starts the worker of a number; throws where the system has no process to give. */
  readonly start: (number: number) => void
  /** Told when it threw: it is tried again. */
  readonly failed: (number: number, error: unknown) => void
  /** ms, monotonic */
  readonly clock: () => number
}

export class Replacing {
  readonly #parts: ReplacingParts
  readonly #backoff: Backoff
  readonly #waiting = new Set<NodeJS.Timeout>()

  constructor(parts: ReplacingParts) {
    this.#parts = parts
    this.#backoff = new Backoff(parts.clock)
  }

  /** In how many ms another will be started in place of one that has ended. */
  after(ended: { readonly number: number; readonly startedAt: number }): number {
    const waitMs = this.#backoff.after(ended)
    const timer = setTimeout(() => {
      this.#waiting.delete(timer)
      this.#start(ended.number)
    }, waitMs)
    this.#waiting.add(timer)
    return waitMs
  }

  /** Starts no more of them. */
  stop(): void {
    for (const timer of this.#waiting) clearTimeout(timer)
    this.#waiting.clear()
  }

  /** A process that cannot be had now must not take the primary, and so all others, with it. */
  #start(number: number): void {
    const { start, failed, clock } = this.#parts
    try {
      start(number)
    } catch (error) {
      failed(number, error)
      this.after({ number, startedAt: clock() })
    }
  }
}
