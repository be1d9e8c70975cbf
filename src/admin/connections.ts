/** Open connections: listed, and ended by an operator. */
import { bounded } from '../observe/bounded.ts'
import type { SessionView } from '../observe/session-view.ts'
import { type AdminActions, type AdminAnswer, type AdminRequest, failure } from './actions.ts'
import { type Query, readParameters } from './parameters.ts'

const MAX_ROWS = 1000
const MAX_ORIGIN = 256

const FILTERS = ['route', 'user', 'ip'] as const
type Filter = Query<(typeof FILTERS)[number]>

/** `GET /api/connections?route=&user=&ip=`: at most 1,000 of those that match, and how many do. */
export function listConnections({ query }: AdminRequest, { sessions }: AdminActions): AdminAnswer {
  const filter = readParameters(query, FILTERS)
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
  const filter = readParameters(query, ['user'])
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
  const filter = readParameters(query, [])
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
