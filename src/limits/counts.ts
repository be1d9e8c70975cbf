/**
 * How many are open at once, by key. Never evicted while open: the table is bounded by the sockets themselves
 * (trap 23), and a key whose count falls to zero is forgotten.
 */
import { Seat, Seats } from './seats.ts'
import type { Slots, Taking, Wanted } from './slots.ts'

/** What an open connection holds of a key: its own copy of it would be longer than the count. */
class Row {
  open = 0
  readonly key: string
  readonly #rows: Map<string, Row>

  /** @param rows which it leaves with the last that holds it */
  constructor(key: string, rows: Map<string, Row>) {
    this.key = key
    this.#rows = rows
  }

  leave(): void {
    this.open--
    if (this.open === 0) this.#rows.delete(this.key)
  }
}

/** @template Occupant whoever has a seat */
export class Counts<Occupant> implements Slots<Seat<Occupant>> {
  readonly #rows = new Map<string, Row>()
  /** Those that are not only counted: a newer one may take the place of the oldest. */
  readonly seats = new Seats<Occupant>()

  /** How many are open under a key. */
  open(key: string): number {
    return this.#rows.get(key)?.open ?? 0
  }

  take(key: string): Row {
    const row = this.#rows.get(key) ?? new Row(key, this.#rows)
    this.#rows.set(key, row)
    row.open++
    return row
  }

  /** Gives one back. Every take has exactly one give. */
  give(key: string): void {
    this.#rows.get(key)?.leave()
  }

  takeAll(wanted: readonly Wanted[]): Taking<Seat<Occupant>> {
    const full = wanted.findIndex((one) => one.max !== undefined && this.#blocking(one) >= one.max)
    const refused = wanted[full]
    if (refused) return { ok: false, full, held: this.#held(refused) }
    const places = wanted.map((one) => this.#place(one))
    const seat = places.find((place) => place instanceof Seat)
    const held = wanted.map((one) => this.#held(one))
    return { ok: true, held, release: leaving(places), ...(seat ? { seat } : {}) }
  }

  /** Number of keys with something open. */
  get size(): number {
    return this.#rows.size + this.seats.size
  }

  #place(one: Wanted): Row | Seat<Occupant> {
    return one.as === 'count' ? this.take(one.key) : this.seats.take(one.key, keeps(one))
  }

  #held({ key, as }: Wanted): number {
    return as === 'count' ? this.open(key) : this.seats.taken(key)
  }

  /** How many leave no room for another: who is open makes room for who evicts, who is still being opened cannot. */
  #blocking(one: Wanted): number {
    return one.as === 'evict' ? this.seats.pending(one.key) : this.#held(one)
  }
}

/** Kept for as long as the connection: one list, and nothing else beside it. */
const leaving = (places: readonly { leave(): void }[]) => () => {
  for (const place of places) place.leave()
}

/** Users have seats even where none is ever replaced: a reload may ask for it. */
const keeps = ({ as, max }: Wanted): number => (as === 'evict' ? (max ?? UNLIMITED) : UNLIMITED)
const UNLIMITED = Number.POSITIVE_INFINITY
