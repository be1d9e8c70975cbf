/** Open connections as operators choose among them. */
import { bounded } from './bounded.ts'
import type { SessionView } from './session-view.ts'

/** Which connections are meant: those of which all this holds. */
export interface SessionFilter {
  readonly id?: string
  readonly route?: string
  readonly user?: string
  readonly ip?: string
}

/** A connection as plain data. */
export type SessionRow = Omit<SessionView, 'end'>

export interface SessionList {
  /** How many match. */
  readonly matching: number
  readonly rows: readonly SessionRow[]
}

const FILTERS = ['id', 'route', 'user', 'ip'] as const
const MAX_ORIGIN = 256

/** At most so many of those that match, and how many do. */
export function listSessions(sessions: Iterable<SessionView>, filter: SessionFilter, most: number): SessionList {
  const rows: SessionRow[] = []
  let matching = 0
  for (const session of sessions) {
    if (!matches(session, filter)) continue
    matching++
    if (rows.length < most) rows.push(rowOf(session))
  }
  return { matching, rows }
}

/** Ends those that match, and says how many there were. */
export function endSessions(sessions: Iterable<SessionView>, filter: SessionFilter): number {
  // Chosen before the first ends: ending one may change what we iterate over.
  const chosen = [...sessions].filter((session) => matches(session, filter))
  for (const session of chosen) session.end('ended_by_operator')
  return chosen.length
}

const matches = (session: SessionView, filter: SessionFilter): boolean =>
  FILTERS.every((key) => filter[key] === undefined || session[key] === filter[key])

function rowOf({ id, route, ip, user, origin, since, traffic }: SessionView): SessionRow {
  return { id, route, ip, user, origin: origin === undefined ? undefined : bounded(origin, MAX_ORIGIN), since, traffic }
}
