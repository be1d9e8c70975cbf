/** What the primary and its workers say to each other. */
import type { Wanted } from '../limits/slots.ts'
import type { LimiterReport } from '../observe/limiter-report.ts'
import type { Samples } from '../observe/metrics.ts'
import type { SessionFilter, SessionList } from '../observe/session-list.ts'
import type { Newcomer } from '../policy/seat.ts'
import type { Drained, DrainSettings } from '../proxy/drain.ts'
import type { WireName } from '../proxy/wire-choice.ts'
import type { Listen } from '../settings/listen.ts'
import type { Revocation } from '../tokens/revocation.ts'
import type { TicketedToken, TicketRequest } from '../tokens/tickets.ts'

/** What files hold, by path: who loads the configuration from the same texts has the same one. */
export type Texts = readonly (readonly [path: string, text: string])[]

/** What was counted since the last time: limiter, key, amount. */
export type Counted = readonly (readonly [
  limiter: string,
  counted: readonly (readonly [key: string, amount: number])[],
])[]

/** A worker's own number for the places that one check took for one connection. */
export type Grant = number

/** What became of places that were wanted. */
export type Granted =
  | { readonly ok: true; readonly held: readonly number[] }
  | { readonly ok: false; readonly full: number; readonly held: number }

interface Word<Says, Gets = void> {
  readonly says: Says
  readonly gets: Gets
}

/** Said to a worker. */
export type ToWorker = {
  readonly begin: Word<{ readonly worker: number; readonly texts: Texts; readonly wire: WireName }>
  readonly listen: Word<{ readonly address: Listen; readonly reusePort: boolean }>
  readonly adopt: Word<Texts>
  readonly drain: Word<DrainSettings, Drained>
  readonly finish: Word<number>
  readonly cut: Word<undefined>
  readonly revoke: Word<readonly Revocation[]>
  readonly unrevoke: Word<string>
  readonly destroy: Word<undefined>
  readonly list: Word<{ readonly filter: SessionFilter; readonly most: number }, SessionList>
  readonly end: Word<SessionFilter, number>
  readonly limits: Word<number, LimiterReport[]>
  readonly scrape: Word<undefined, Samples>
  /** What other workers counted. */
  readonly counted: Word<Counted>
  /** A newer connection took the place of one of this worker's. */
  readonly replaced: Word<{ readonly occupant: number; readonly by: Newcomer }>
}

interface AskedTicket {
  readonly ticket: string
  readonly route: string
  /** ms since the epoch */
  readonly now: number
}

/** Said to the primary. */
export type ToPrimary = {
  /** The worker has started, and listens to the primary. */
  readonly up: Word<undefined>
  readonly take: Word<
    { readonly table: 'live' | 'candidate'; readonly grant: Grant; readonly wanted: readonly Wanted[] },
    Granted
  >
  readonly release: Word<Grant>
  /** The connection of a grant is open; `occupant` is the worker's number for it. */
  readonly opened: Word<{ readonly grant: Grant; readonly occupant: number; readonly by: Newcomer }>
  /** Whether one more fits a rate; where not, in how many ms it would (null: never). */
  readonly pass: Word<{ readonly gate: string; readonly key: string }, { readonly waitMs: number | null } | null>
  readonly undo: Word<{ readonly gate: string; readonly key: string }>
  readonly issueTicket: Word<{ readonly request: TicketRequest; readonly now: number }, string | null>
  readonly takeTicket: Word<AskedTicket, TicketedToken | null>
  readonly lookTicket: Word<AskedTicket, TicketedToken | null>
  readonly counted: Word<Counted>
  readonly state: Word<{ readonly sessions: number; readonly oneClient: string | undefined }>
}
