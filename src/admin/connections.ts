/** Open connections: listed, and ended by an operator. */
import { bounded } from '../observe/bounded.ts'
import type { SessionView } from '../observe/session-view.ts'
import { type AdminActions, type AdminAnswer, type AdminRequest, failure } from './actions.ts'

const MAX_ROWS = 1000
const MAX_ORIGIN = 256

const FILTERS = ['route', 'user', 'ip'] as const
type Filter = Readonly<Partial<Record<(typeof FILTERS)[number], string>>>

/** `GET /api/connections?route=&user=&ip=`: at most 1,000 of those that match, and how many do. */
export function listConnections({ query }: AdminRequest, { sessions }: AdminActions): AdminAnswer {
  const filter = readFilter(query, FILTERS)
  if (typeof filter === 'string') return failure(400, filter)
  const connections: object[] = []
  let matching = 0
  for (const session of sessions()) {
    if (!matches(session, filter)) continue
    matching++
    if (connections.length < MAX_ROWS) connections.push(row(session))
  }
  return { status: 200, body: { matching, connections } }
}

/** `DELETE /api/connections?user=`: ends all connections of a user. */
export function endConnectionsOfUser({ query }: AdminRequest, { sessions }: AdminActions): AdminAnswer {
  const filter = readFilter(query, ['user'])
  if (typeof filter === 'string') return failure(400, filter)
  const { user } = filter
  if (user === undefined) return failure(400, 'name whom to end: /api/connections/ID or /api/connections?user=USER')
  return endedAnswer(
    end(sessions(), (session) => session.user === user),
    `user ${user}`,
  )
}

/** `DELETE /api/connections/:id`. A trusted proxy chooses request ids, so several connections may have one. */
export function endConnection(id: string, { query }: AdminRequest, { sessions }: AdminActions): AdminAnswer {
  const filter = readFilter(query, [])
  if (typeof filter === 'string') return failure(400, filter)
  const ended = end(sessions(), (session) => session.id === id)
  if (ended === 0) return failure(404, 'no open connection has this id: see GET /api/connections')
  return endedAnswer(ended, `connection ${id}`)
}

/** Ends the connections meant, and says how many there were. */
function end(sessions: Iterable<SessionView>, isMeant: (session: SessionView) => boolean): number {
  // Chosen before the first ends: ending one may change what we iterate over.
  const chosen = [...sessions].filter(isMeant)
  for (const session of chosen) session.end('ended_by_operator')
  return chosen.length
}

const endedAnswer = (ended: number, whom: string): AdminAnswer => ({
  status: 200,
  body: { ended },
  done: { action: 'end connections', detail: `${whom}: ${ended} ended` },
})

/** Reads the filters a request may give, each once; an empty one is absent. A text says what is wrong. */
function readFilter(query: URLSearchParams, known: readonly (keyof Filter)[]): Filter | string {
  const names = [...query.keys()]
  const isKnown = (name: string) => known.some((key) => key === name)
  // One that we ignored would list, or end, more than was meant.
  if (!names.every(isKnown))
    return known.length > 0 ? `unknown parameter: this takes ${known.join(', ')}` : 'this takes no parameters'
  if (new Set(names).size < names.length) return 'give each parameter once'
  return Object.fromEntries([...query].filter(([, value]) => value !== ''))
}

const matches = (session: SessionView, filter: Filter): boolean =>
  FILTERS.every((key) => filter[key] === undefined || session[key] === filter[key])

const row = ({ id, route, ip, user, origin, since, traffic }: SessionView) => ({
  id,
  route,
  ip,
  user,
  origin: origin === undefined ? undefined : bounded(origin, MAX_ORIGIN),
  since: new Date(since).toISOString(),
  messages_in: traffic.messagesIn,
  messages_out: traffic.messagesOut,
  bytes_in: traffic.bytesIn,
  bytes_out: traffic.bytesOut,
})
