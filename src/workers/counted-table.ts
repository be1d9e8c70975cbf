import { Tracked, type TrackedSettings } from '../limits/tracked.ts'

/** A limiter's keys, and what each has sent since it was last asked for: the other workers are to count it too. */
export class CountedTable extends Tracked {
  readonly #most: number
  #counted = new Map<string, number>()
  /** What was counted of one key in a row: a chunk of frames is one entry. */
  #key = ''
  #amount = 0

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
    this.#enter()
    if (this.#counted.size === 0) return []
    const counted = [...this.#counted]
    this.#counted = new Map()
    return counted
  }

  #note(key: string, amount: number): void {
    if (key !== this.#key) {
      this.#enter()
      this.#key = key
    }
    this.#amount += amount
  }

  #enter(): void {
    if (this.#amount === 0) return
    this.#counted.set(this.#key, (this.#counted.get(this.#key) ?? 0) + this.#amount)
    this.#amount = 0
  }
}
