import { Tracked, type TrackedSettings } from '../limits/tracked.ts'

/** A limiter's keys, and what each has sent since it was last asked for: the other workers are to count it too. */
export class CountedTable extends Tracked {
  readonly #most: number
  #counted = new Map<string, number>()

  constructor(settings: TrackedSettings) {
    super(settings)
    this.#most = Math.max(...settings.rates.map(({ count }) => count))
  }

  override record(key: string, now: number, amount = 1): void {
    super.record(key, now, amount)
    this.#note(key, amount)
  }

  override take(key: string, now: number, amount = 1): boolean {
    const fits = super.take(key, now, amount)
    if (fits) this.#note(key, amount)
    return fits
  }

  /** Records what another worker let pass, whether it fits or not. More than the rate allows is no more than full. */
  absorb(key: string, now: number, amount: number): void {
    super.record(key, now, Math.min(amount, this.#most))
  }

  /** What was counted since the last call. */
  collect(): [key: string, amount: number][] {
    if (this.#counted.size === 0) return []
    const counted = [...this.#counted]
    this.#counted = new Map()
    return counted
  }

  #note(key: string, amount: number): void {
    this.#counted.set(key, (this.#counted.get(key) ?? 0) + amount)
  }
}
