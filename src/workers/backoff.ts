/** How long to wait before a worker is replaced: not at all, unless it dies again and again soon after its start. */

/** Who lived as long as this did not die of its start, ms. */
const LONG_ENOUGH_MS = 10_000
const FIRST_MS = 100
const MOST_MS = 30_000

export class Backoff {
  readonly #clock: () => number
  readonly #quickDeaths = new Map<number, number>()

  /** @param clock ms, monotonic */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** The time to wait in ms, after a worker of this number that started at `startedAt` has ended. */
  after({ number, startedAt }: { readonly number: number; readonly startedAt: number }): number {
    if (this.#clock() - startedAt >= LONG_ENOUGH_MS) {
      this.#quickDeaths.delete(number)
      return 0
    }
    const deaths = this.#quickDeaths.get(number) ?? 0
    this.#quickDeaths.set(number, deaths + 1)
    return Math.min(MOST_MS, FIRST_MS * 2 ** deaths)
  }
}
