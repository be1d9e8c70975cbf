/** What one session relayed and refused, counted for itself and for its route, in plain numbers. */
import type { RouteTotals, Traffic, ViolationKey } from '../observe/events.ts'
import type { Finding } from '../policy/finding.ts'

export class Tally {
  readonly traffic: Traffic = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
  readonly violations = new Map<ViolationKey, number>()
  readonly #totals: RouteTotals

  constructor(totals: RouteTotals) {
    this.#totals = totals
    totals.active++
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
    this.violations.set(violation, seen + 1)
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
