/** Every open session, and the live counters of each route. */
import type { RouteTotals } from '../observe/events.ts'
import type { Session } from './session.ts'

export class Sessions {
  readonly #open = new Set<Session>()
  readonly #totals = new Map<string, RouteTotals>()

  add(session: Session): void {
    this.#open.add(session)
  }

  remove(session: Session): void {
    this.#open.delete(session)
  }

  get size(): number {
    return this.#open.size
  }

  /** The open ones, as of now: the set may change while they are looked at. */
  all(): readonly Session[] {
    return [...this.#open]
  }

  /** The counters of a route; they outlive sessions and reloads. Route names come from the configuration. */
  totalsOf(route: string): RouteTotals {
    const known = this.#totals.get(route)
    if (known) return known
    const totals = { route, active: 0, messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, violations: new Map() }
    this.#totals.set(route, totals)
    return totals
  }

  totals(): Iterable<RouteTotals> {
    return this.#totals.values()
  }
}
