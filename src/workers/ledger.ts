/** What the primary counts for all workers: connections exactly, handshakes exactly, tickets once. */
import { Counts } from '../limits/counts.ts'
import { Limiters } from '../limits/limiters.ts'
import type { Newcomer, Occupant } from '../policy/seat.ts'
import { TicketTable } from '../tokens/tickets.ts'
import { Desk } from './desk.ts'
import type { Handlers } from './link.ts'
import type { ToPrimary } from './words.ts'

/** What a worker asks of the tables. */
type Questions = Pick<
  Handlers<ToPrimary>,
  'take' | 'release' | 'opened' | 'pass' | 'undo' | 'issueTicket' | 'takeTicket' | 'lookTicket'
>

export class Ledger {
  readonly tables = {
    counts: new Counts<Occupant>(),
    candidateCounts: new Counts<Occupant>(),
    limiters: new Limiters(),
    tickets: new TicketTable(),
  }
  readonly #clock: () => number

  /** @param clock ms, monotonic: what handshakes of all workers are timed with */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** A desk for a worker's places. @param tellReplaced tells it that one of its connections lost its place */
  desk(tellReplaced: (occupant: number, by: Newcomer) => void): Desk {
    return new Desk({ live: this.tables.counts, candidate: this.tables.candidateCounts }, tellReplaced)
  }

  /** The answers to a worker. */
  answers(desk: Desk): Questions {
    const { limiters, tickets } = this.tables
    return {
      take: ({ table, grant, wanted }) => desk.take(table, grant, wanted),
      release: (grant) => desk.release(grant),
      opened: ({ grant, occupant, by }) => desk.opened(grant, occupant, by),
      pass: ({ gate, key }) => this.#pass(gate, key),
      undo: ({ gate, key }) => limiters.named(gate)?.undo(key),
      issueTicket: ({ request, now }) => tickets.issue(request, now) ?? null,
      takeTicket: ({ ticket, route, now }) => tickets.take(ticket, route, now) ?? null,
      lookTicket: ({ ticket, route, now }) => tickets.look(ticket, route, now) ?? null,
    }
  }

  /** A limiter that a reload took away meanwhile limits nobody. */
  #pass(gate: string, key: string): { waitMs: number } | null {
    const table = this.tables.limiters.named(gate)
    const now = this.#clock()
    if (!table || table.take(key, now)) return null
    return { waitMs: table.roomAt(key, now) - now }
  }
}
