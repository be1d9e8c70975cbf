/** A timer that can be given up. */
export interface Deadline {
  readonly cancel: () => void
}

interface Entry extends Deadline {
  readonly run: () => void
}

/**
 * One coarse clock for every deadline of every connection (trap 8): an entry costs a place in a set, not a timer, and
 * may lie any time ahead (a `setTimeout` above 2^31-1 ms fires at once, trap 6). Entries run at the first tick at or
 * after their time.
 */
export class Wheel {
  readonly #tickMs: number
  readonly #slots = new Map<number, Set<Entry>>()
  #next: number

  /** @param tickMs how coarse it is, in ms @param now the time it starts at, in ms */
  constructor(tickMs: number, now: number) {
    this.#tickMs = tickMs
    this.#next = Math.floor(now / tickMs)
  }

  /** Runs something once at a time in ms, or at the next tick where that is past. */
  at(time: number, run: () => void): Deadline {
    const slot = Math.max(Math.ceil(time / this.#tickMs), this.#next)
    const entries = this.#slots.get(slot) ?? new Set()
    this.#slots.set(slot, entries)
    const entry: Entry = { run, cancel: () => this.#forget(slot, entries, entry) }
    entries.add(entry)
    return entry
  }

  /** Runs what is due at a time in ms. */
  tick(now: number): void {
    const current = Math.floor(now / this.#tickMs)
    if (current < this.#next) return
    const due = this.#due(current)
    this.#next = current + 1
    for (const slot of due) {
      const entries = this.#slots.get(slot) ?? []
      this.#slots.delete(slot)
      for (const entry of entries) entry.run()
    }
  }

  /** The slots up to the current one, in order; looks at all there are only where more ticks than that have passed. */
  #due(current: number): number[] {
    const ticks = current - this.#next + 1
    if (ticks <= this.#slots.size) return Array.from({ length: ticks }, (_, index) => this.#next + index)
    return [...this.#slots.keys()].filter((slot) => slot <= current).sort((a, b) => a - b)
  }

  /** How many deadlines are pending. */
  get size(): number {
    let size = 0
    for (const entries of this.#slots.values()) size += entries.size
    return size
  }

  /** `entries` may be under way: what is deleted from it does not run any more. */
  #forget(slot: number, entries: Set<Entry>, entry: Entry): void {
    entries.delete(entry)
    if (entries.size === 0 && this.#slots.get(slot) === entries) this.#slots.delete(slot)
  }
}
