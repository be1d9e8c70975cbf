/** Places that the primary counts over all workers, as a worker takes them. */
import type { Slots, Taking, Wanted } from '../limits/slots.ts'
import type { Newcomer, Occupant, Seat } from '../policy/seat.ts'
import type { Link } from './link.ts'
import type { Grant, ToPrimary, ToWorker } from './words.ts'

/** How long the primary may take over an answer; later the client gets `internal_error`. */
export const ANSWER_MS = 5000
/** Of more that wait for an answer, the next is refused at once. */
const MOST_WAITING = 10_000

/** An open connection of this worker. */
interface Known {
  readonly occupant: Occupant
  readonly grants: Set<Grant>
}

export class RemotePlaces {
  readonly #link: Link<ToPrimary, ToWorker>
  /** What is held, and the number of the open connection that holds it. */
  readonly #grants = new Map<Grant, number | undefined>()
  readonly #known = new Map<number, Known>()
  readonly #numbers = new WeakMap<Occupant, number>()
  #lastGrant = 0
  #lastNumber = 0

  constructor(link: Link<ToPrimary, ToWorker>) {
    this.#link = link
  }

  /** One of the primary's tables. */
  slots(table: 'live' | 'candidate'): Slots<Seat> & { readonly size: number } {
    const grants = this.#grants
    return {
      takeAll: (wanted) => this.#takeAll(table, wanted),
      get size() {
        return grants.size
      },
    }
  }

  /** A newer connection, perhaps of another worker, took the place of one of ours. */
  replaced(number: number, by: Newcomer): void {
    this.#known.get(number)?.occupant.replaced(by)
  }

  #takeAll(table: 'live' | 'candidate', wanted: readonly Wanted[]): Taking<Seat> | Promise<Taking<Seat>> {
    assertAnswering(this.#link)
    const grant = ++this.#lastGrant
    const says = { table, grant, wanted }
    if (wanted.every(({ max }) => max === undefined)) {
      // Nothing can refuse it: nobody needs to wait.
      this.#link.tell('take', says)
      return this.#taken(grant, wanted, [])
    }
    return this.#link.ask('take', says, ANSWER_MS).then(
      (answer) => (answer.ok ? this.#taken(grant, wanted, answer.held) : answer),
      (error: unknown) => {
        // It may be taken all the same, later than we waited.
        this.#link.tell('release', grant)
        throw error
      },
    )
  }

  #taken(grant: Grant, wanted: readonly Wanted[], held: readonly number[]): Taking<Seat> {
    this.#grants.set(grant, undefined)
    const isSeat = wanted.some(({ as }) => as !== 'count')
    // The primary takes a lost seat away by itself, before it tells us.
    const seat = { open: (occupant: Occupant, by: Newcomer) => this.#open(grant, occupant, by), leave: () => {} }
    return { ok: true, held, release: () => this.#release(grant), ...(isSeat ? { seat } : {}) }
  }

  #open(grant: Grant, occupant: Occupant, by: Newcomer): [] {
    if (!this.#grants.has(grant)) return []
    const number = this.#numbers.get(occupant) ?? ++this.#lastNumber
    this.#numbers.set(occupant, number)
    const known = this.#known.get(number) ?? { occupant, grants: new Set() }
    this.#known.set(number, known)
    known.grants.add(grant)
    this.#grants.set(grant, number)
    this.#link.tell('opened', { grant, occupant: number, by })
    // The primary tells those who lose their places, of whichever worker they are.
    return []
  }

  #release(grant: Grant): void {
    if (!this.#grants.has(grant)) return
    const number = this.#grants.get(grant)
    this.#grants.delete(grant)
    this.#link.tell('release', grant)
    const known = number === undefined ? undefined : this.#known.get(number)
    known?.grants.delete(grant)
    if (number !== undefined && known?.grants.size === 0) this.#known.delete(number)
  }
}

/** Throws where the primary is far behind: the handshake is then refused, and adds nothing to a line that grows. */
export function assertAnswering(link: Link<ToPrimary, ToWorker>): void {
  if (link.waiting >= MOST_WAITING || link.isStuck) throw new Error('the primary does not keep up with the handshakes')
}
