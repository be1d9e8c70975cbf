/**
 * Connections of one key in the order in which they opened, where a newer one may take the place of the oldest. Like a
 * count, a seat is never forgotten while its connection is open (trap 23).
 * @template Occupant whoever is to be told that the place is lost
 */
export class Seats<Occupant> {
  readonly #rows = new Map<string, Row<Occupant>>()

  /** How many have a seat under a key, open or not. */
  taken(key: string): number {
    const row = this.#rows.get(key)
    return row ? row.pending + row.open.size : 0
  }

  /** How many of them are still on their way to be open. */
  pending(key: string): number {
    return this.#rows.get(key)?.pending ?? 0
  }

  /**
   * A seat for a connection that is not open yet.
   * @param keeps how many open ones keep their places, from now on, when one under the key opens; at least 1
   */
  take(key: string, keeps: number): Seat<Occupant> {
    const row = this.#rows.get(key) ?? { key, pending: 0, open: new Set(), keeps }
    this.#rows.set(key, row)
    row.keeps = keeps
    return new Seat(row, this.#rows)
  }

  /** Number of keys with a seat taken. */
  get size(): number {
    return this.#rows.size
  }
}

interface Row<Occupant> {
  readonly key: string
  pending: number
  /** The oldest first. */
  readonly open: Set<Seat<Occupant>>
  keeps: number
}

export class Seat<Occupant> {
  readonly #row: Row<Occupant>
  readonly #rows: Map<string, Row<Occupant>>
  #occupant: Occupant | undefined
  #state: 'pending' | 'open' | 'left' = 'pending'

  /** @param rows which the row leaves with the last of its seats */
  constructor(row: Row<Occupant>, rows: Map<string, Row<Occupant>>) {
    this.#row = row
    this.#rows = rows
    row.pending++
  }

  /** The connection is open. Returns those that lose their places to it, the oldest first; they have left. */
  open(occupant: Occupant): Occupant[] {
    if (this.#state !== 'pending') return []
    const { open, keeps } = this.#row
    this.#row.pending--
    this.#state = 'open'
    this.#occupant = occupant
    open.add(this)
    const replaced: Occupant[] = []
    for (const seat of open) {
      if (open.size <= keeps) break
      if (seat.#occupant !== undefined) replaced.push(seat.#occupant)
      seat.leave()
    }
    return replaced
  }

  /** Counts no longer. Safe to call twice: a connection that was replaced still ends later. */
  leave(): void {
    if (this.#state === 'left') return
    if (this.#state === 'pending') this.#row.pending--
    this.#row.open.delete(this)
    this.#state = 'left'
    this.#occupant = undefined
    if (this.#row.pending + this.#row.open.size === 0) this.#rows.delete(this.#row.key)
  }
}
