/**
 * How many are open at once, by key. Never evicted while open: the table is bounded by the sockets themselves
 * (trap 23), and a key whose count falls to zero is forgotten.
 */
export class Counts {
  readonly #open = new Map<string, number>()

  /** How many are open under a key. */
  open(key: string): number {
    return this.#open.get(key) ?? 0
  }

  take(key: string): void {
    this.#open.set(key, this.open(key) + 1)
  }

  /** Gives one back. Every take has exactly one give. */
  give(key: string): void {
    const left = this.open(key) - 1
    if (left > 0) this.#open.set(key, left)
    else this.#open.delete(key)
  }

  /** Number of keys with something open. */
  get size(): number {
    return this.#open.size
  }
}
