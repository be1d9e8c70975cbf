/** Every open session, the upgrades that may become one, and the live counters of each route. */
import type { RouteTotals } from '../observe/events.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import type { Reason } from '../policy/reasons.ts'
import type { Upgrade } from './pending-upgrade.ts'
import type { Rights } from './rights.ts'
import type { Session } from './session.ts'

/** A client that is waited for: admitted to speak first. */
export interface Waiter {
  readonly end: (reason: Reason, detail: string) => void
}

export class Sessions {
  /** With the rights to stay, where they were given. */
  readonly #open = new Map<Session, Rights | undefined>()
  readonly #pending = new Set<Upgrade>()
  /** Of those. */
  readonly #waiters = new Set<Waiter>()
  readonly #totals = new Map<string, RouteTotals>()
  #isOver = false

  /** Knows of an upgrade until its outcome: a drain waits for it too. */
  async track(upgrade: Upgrade, outcome: Promise<void>): Promise<void> {
    this.#pending.add(upgrade)
    try {
      await outcome
    } finally {
      this.#pending.delete(upgrade)
    }
  }

  add(session: Session, rights?: Rights): void {
    this.#open.set(session, rights)
    if (this.#isOver) session.destroy()
    // What they rest on may have changed while the backend was dialled.
    rights?.judge()
  }

  remove(session: Session): void {
    this.#open.get(session)?.stop()
    this.#open.delete(session)
  }

  /** Knows of a client that is waited for until it is not. */
  waitFor(waiter: Waiter): void {
    this.#waiters.add(waiter)
  }

  waitNoMore(waiter: Waiter): void {
    this.#waiters.delete(waiter)
  }

  /** As of now. */
  waiters(): readonly Waiter[] {
    return [...this.#waiters]
  }

  /** Every open session takes its route as a reload has made it. */
  adopt(routes: ReadonlyMap<string, RoutePolicy>): void {
    for (const [session, rights] of [...this.#open]) {
      const route = routes.get(session.route)
      if (!route) continue
      session.adopt(route)
      rights?.adopt(route)
    }
  }

  /** The rights of every open session, as of now. */
  rights(): readonly Rights[] {
    return [...this.#open.values()].filter((rights) => rights !== undefined)
  }

  get size(): number {
    return this.#open.size
  }

  /** Whether no session is open and none can come of an upgrade under way. */
  get isIdle(): boolean {
    return this.#open.size + this.#pending.size === 0
  }

  /** Ends every session and upgrade by force, and whatever still comes of those. */
  destroy(): void {
    this.#isOver = true
    for (const upgrade of this.#pending) upgrade.destroy()
    for (const session of this.all()) session.destroy()
  }

  /** The open ones, as of now: the set may change while they are looked at. */
  all(): readonly Session[] {
    return [...this.#open.keys()]
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
