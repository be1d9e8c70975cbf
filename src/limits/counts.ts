/**
 * How many are open at once, by key. Never evicted while open: the table is bounded by the sockets themselves
 * (trap 23), and a key whose count falls to zero is forgotten.
 */
import { type Seat, Seats } from './seats.ts'
import type { Slots, Taking, Wanted } from './slots.ts'

/** What an open connection holds of a key: its own copy of it would be longer than the count. */
interface Row {
  readonly key: string
  open: number
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
    const row = this.#rows.get(key) ?? { key, open: 0 }
    this.#rows.set(key, row)
    row.open++
    return row
  }

  /** Gives one back. Every take has exactly one give. */
  give(key: string): void {
    const row = this.#rows.get(key)
    if (row) this.#leave(row)
  }

  takeAll(wanted: readonly Wanted[]): Taking<Seat<Occupant>> {
    const full = wanted.findIndex((one) => one.max !== undefined && this.#blocking(one) >= one.max)
    const refused = wanted[full]
    if (refused) return { ok: false, full, held: this.#held(refused) }
    const seats = wanted.filter(({ as }) => as !== 'count').map((one) => this.seats.take(one.key, keeps(one)))
    const rows = wanted.filter(({ as }) => as === 'count').map(({ key }) => this.take(key))
    const [seat] = seats
    return {
      ok: true,
      held: wanted.map((one) => this.#held(one)),
      release: () => {
        for (const row of rows) this.#leave(row)
        for (const one of seats) one.leave()
      },
      ...(seat ? { seat } : {}),
    }
  }

  /** Number of keys with something open. */
  get size(): number {
    return this.#rows.size + this.seats.size
  }

  #leave(row: Row): void {
    row.open--
    if (row.open === 0) this.#rows.delete(row.key)
  }

  #held({ key, as }: Wanted): number {
    return as === 'count' ? this.open(key) : this.seats.taken(key)
  }

  /** How many leave no room for another: who is open makes room for who evicts, who is still being opened cannot. */
  #blocking(one: Wanted): number {
    return one.as === 'evict' ? this.seats.pending(one.key) : this.#held(one)
  }
}

/** Users have seats even where none is ever replaced: a reload may ask for it. */
const keeps = ({ as, max }: Wanted): number => (as === 'evict' ? (max ?? UNLIMITED) : UNLIMITED)
const UNLIMITED = Number.POSITIVE_INFINITY
