/** A timer that can be given up. */
export interface Deadline {
  readonly cancel: () => void
}

type Slots = Map<number, Set<Entry>>

class Entry implements Deadline {
  readonly run: () => void
  readonly #slots: Slots
  readonly #slot: number
  readonly #entries: Set<Entry>

  constructor(run: () => void, slots: Slots, slot: number, entries: Set<Entry>) {
    this.run = run
    this.#slots = slots
    this.#slot = slot
    this.#entries = entries
  }

  /** Its slot may be under way: what is deleted from it does not run any more. */
  cancel(): void {
    this.#entries.delete(this)
    if (this.#entries.size === 0 && this.#slots.get(this.#slot) === this.#entries) this.#slots.delete(this.#slot)
  }
}

/**
 * One coarse clock for every deadline of every connection (trap 8): an entry costs a place in a set, not a timer, and
 * may lie any time ahead (a `setTimeout` above 2^31-1 ms fires at once, trap 6). Entries run at the first tick at or
 * after their time.
 */
export class Wheel {
  readonly #tickMs: number
  readonly #slots: Slots = new Map()
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
    const entry = new Entry(run, this.#slots, slot, entries)
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
}
