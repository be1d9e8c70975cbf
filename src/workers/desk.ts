/** The primary's side of the places that one worker's connections hold. */
import type { Counts } from '../limits/counts.ts'
import type { Taking, Wanted } from '../limits/slots.ts'
import type { Newcomer, Occupant, Seat } from '../policy/seat.ts'
import type { Grant, Granted } from './words.ts'

/** The primary's tables. */
export interface PlaceTables {
  readonly live: Counts<Occupant>
  readonly candidate: Counts<Occupant>
}

type Taken = Extract<Taking<Seat>, { ok: true }>

export class Desk {
  readonly #tables: PlaceTables
  readonly #tellReplaced: (occupant: number, by: Newcomer) => void
  readonly #grants = new Map<Grant, Taken>()
  readonly #connections = new Map<number, OpenConnection>()
  readonly #connectionOf = new Map<Grant, OpenConnection>()

  /** @param tellReplaced tells the worker that one of its connections lost its place */
  constructor(tables: PlaceTables, tellReplaced: (occupant: number, by: Newcomer) => void) {
    this.#tables = tables
    this.#tellReplaced = tellReplaced
  }

  take(table: keyof PlaceTables, grant: Grant, wanted: readonly Wanted[]): Granted {
    const taking = this.#tables[table].takeAll(wanted)
    if (!taking.ok) return taking
    this.#grants.set(grant, taking)
    return { ok: true, held: taking.held }
  }

  /** The connection of a grant is open: those that lose their places to it are told, of whichever worker they are. */
  opened(grant: Grant, number: number, by: Newcomer): void {
    const seat = this.#grants.get(grant)?.seat
    if (!seat) return
    const connection = this.#connections.get(number) ?? this.#newConnection(number)
    connection.modes.set(grant, by.mode)
    this.#connectionOf.set(grant, connection)
    for (const older of seat.open(connection, by)) older.replaced(by)
  }

  /** Safe to call twice: a place that was lost is given back later. */
  release(grant: Grant): void {
    this.#grants.get(grant)?.release()
    this.#grants.delete(grant)
    const connection = this.#connectionOf.get(grant)
    this.#connectionOf.delete(grant)
    connection?.modes.delete(grant)
    if (connection?.modes.size === 0) this.#connections.delete(connection.number)
  }

  /** The worker is gone, and its connections with it. */
  releaseAll(): void {
    for (const grant of [...this.#grants.keys()]) this.release(grant)
  }

  /** Grants that are held. */
  get size(): number {
    return this.#grants.size
  }

  #newConnection(number: number): OpenConnection {
    const modes: OpenConnection['modes'] = new Map()
    const replaced = (by: Newcomer) => {
      this.#makeWay(modes, by)
      this.#tellReplaced(number, by)
    }
    const connection = { number, modes, replaced }
    this.#connections.set(number, connection)
    return connection
  }

  /** As its permit does in the worker, a moment later: here the next to be judged must see it already. */
  #makeWay(modes: OpenConnection['modes'], by: Newcomer): void {
    for (const [grant, mode] of [...modes]) {
      if (by.mode === 'enforce') this.#grants.get(grant)?.seat?.leave()
      else if (mode === by.mode) this.release(grant)
    }
  }
}

/** A worker's connection that has seats: its grants, and the mode of the step that took each. */
interface OpenConnection extends Occupant {
  readonly number: number
  readonly modes: Map<Grant, Newcomer['mode']>
}
