/** A timer that can be given up. */
export interface Deadline {
  readonly cancel: () => void
}

type Slots = Map<number, Slot>

/** What is due at one tick. */
class Slot {
  readonly entries = new Set<Entry>()
  readonly #slots: Slots
  readonly #number: number

  constructor(slots: Slots, number: number) {
    this.#slots = slots
    this.#number = number
  }

  remove(entry: Entry): void {
    this.entries.delete(entry)
    if (this.entries.size === 0 && this.#slots.get(this.#number) === this) this.#slots.delete(this.#number)
  }
}

/** There is one for each connection: it is no larger than it must be. */
class Entry implements Deadline {
  readonly run: () => void
  readonly #slot: Slot

  constructor(run: () => void, slot: Slot) {
    this.run = run
    this.#slot = slot
  }

  /** Its slot may be under way: what is deleted from it does not run any more. */
  cancel(): void {
    this.#slot.remove(this)
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
    const number = Math.max(Math.ceil(time / this.#tickMs), this.#next)
    const slot = this.#slots.get(number) ?? new Slot(this.#slots, number)
    this.#slots.set(number, slot)
    const entry = new Entry(run, slot)
    slot.entries.add(entry)
    return entry
  }

  /** Runs what is due at a time in ms. */
  tick(now: number): void {
    const current = Math.floor(now / this.#tickMs)
    if (current < this.#next) return
    const due = this.#due(current)
    this.#next = current + 1
    for (const slot of due) {
      const entries = this.#slots.get(slot)?.entries ?? []
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
    for (const { entries } of this.#slots.values()) size += entries.size
    return size
  }
}
