/** What one session relayed and refused, counted for itself and for its route, in plain numbers. */
import type { RouteTotals, Traffic, ViolationKey } from '../observe/events.ts'
import type { Finding } from '../policy/finding.ts'

/** Most sessions have none: an empty map of each would be 200 bytes. */
const NONE: ReadonlyMap<ViolationKey, number> = new Map()

export class Tally {
  readonly traffic: Traffic = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
  #violations: Map<ViolationKey, number> | undefined
  readonly #totals: RouteTotals

  constructor(totals: RouteTotals) {
    this.#totals = totals
    totals.active++
  }

  get violations(): ReadonlyMap<ViolationKey, number> {
    return this.#violations ?? NONE
  }

  messageIn(): void {
    this.traffic.messagesIn++
    this.#totals.messagesIn++
  }

  messageOut(): void {
    this.traffic.messagesOut++
    this.#totals.messagesOut++
  }

  bytesIn(bytes: number): void {
    this.traffic.bytesIn += bytes
    this.#totals.bytesIn += bytes
  }

  bytesOut(bytes: number): void {
    this.traffic.bytesOut += bytes
    this.#totals.bytesOut += bytes
  }

  /** Counts a refused frame; says whether it is the session's first for that reason. */
  violation({ reason, action }: Finding): 'first' | 'again' {
    const violation: ViolationKey = action === 'candidate' ? `candidate.${reason}` : reason
    const seen = this.violations.get(violation) ?? 0
    this.#violations ??= new Map()
    this.#violations.set(violation, seen + 1)
    const key = `${reason} ${action}`
    const total = this.#totals.violations.get(key) ?? { reason, action, count: 0 }
    total.count++
    this.#totals.violations.set(key, total)
    return seen === 0 ? 'first' : 'again'
  }

  /** The session is over. */
  end(): void {
    this.#totals.active--
  }
}
