/** Open connections: listed, and ended by an operator. */
import type { SessionRow } from '../observe/session-list.ts'
import { type AdminActions, type AdminAnswer, type AdminRequest, failure } from './actions.ts'
import { readParameters } from './parameters.ts'

const MAX_ROWS = 1000

/** `GET /api/connections?route=&user=&ip=`: at most 1,000 of those that match, and how many do. */
export async function listConnections({ query }: AdminRequest, { list }: AdminActions): Promise<AdminAnswer> {
  const filter = readParameters(query, ['route', 'user', 'ip'])
  if (typeof filter === 'string') return failure(400, filter)
  const { matching, rows } = await list(filter, MAX_ROWS)
  return { status: 200, body: { matching, connections: rows.map(rowOf) } }
}

/** `DELETE /api/connections?user=`: ends all connections of a user. */
export async function endConnectionsOfUser({ query }: AdminRequest, actions: AdminActions): Promise<AdminAnswer> {
  const filter = readParameters(query, ['user'])
  if (typeof filter === 'string') return failure(400, filter)
  const { user } = filter
  if (user === undefined) return failure(400, 'name whom to end: /api/connections/ID or /api/connections?user=USER')
  return endedAnswer(await actions.end({ user }), `user ${user}`)
}

/** `DELETE /api/connections/:id`. A trusted proxy chooses request ids, so several connections may have one. */
export async function endConnection(id: string, { query }: AdminRequest, actions: AdminActions): Promise<AdminAnswer> {
  const filter = readParameters(query, [])
  if (typeof filter === 'string') return failure(400, filter)
  const count = await actions.end({ id })
  if (count === 0) return failure(404, 'no open connection has this id: see GET /api/connections')
  return endedAnswer(count, `connection ${id}`)
}

const endedAnswer = (ended: number, whom: string): AdminAnswer => ({
  status: 200,
  body: { ended },
  done: { action: 'end connections', detail: `${whom}: ${ended} ended` },
})

const rowOf = ({ id, route, ip, user, origin, since, traffic }: SessionRow) => ({
  id,
  route,
  ip,
  user,
  origin,
  since: new Date(since).toISOString(),
  messages_in: traffic.messagesIn,
  messages_out: traffic.messagesOut,
  bytes_in: traffic.bytesIn,
  bytes_out: traffic.bytesOut,
})
