/**
 * How many are open at once, by key. Never evicted while open: the table is bounded by the sockets themselves
 * (trap 23), and a key whose count falls to zero is forgotten.
 */
import { Seats } from './seats.ts'

/** @template Occupant whoever has a seat */
export class Counts<Occupant> {
  readonly #open = new Map<string, number>()
  /** Those that are not only counted: a newer one may take the place of the oldest. */
  readonly seats = new Seats<Occupant>()

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
    return this.#open.size + this.seats.size
  }
}
