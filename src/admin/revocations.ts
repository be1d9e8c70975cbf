/** Revocations by an operator: made, listed, and taken back. */
import { type AdminActions, type AdminAnswer, type AdminRequest, failure } from './actions.ts'
import { readParameters } from './parameters.ts'

const MAX_ROWS = 1000

/** `POST /api/revocations` with `{ jti | user | issuedBefore, until, refreshed }`: open connections that it is about end. */
export async function revoke({ query, body }: AdminRequest, { revoke: act }: AdminActions): Promise<AdminAnswer> {
  const given = readParameters(query, [])
  if (typeof given === 'string') return failure(400, given)
  const kept = await act(body)
  if (typeof kept === 'string') return failure(400, kept)
  return { status: 201, body: kept, done: { action: 'revoke', detail: JSON.stringify(kept) } }
}

/** `GET /api/revocations`: at most 1,000 of those that operators made, and how many there are. */
export function listRevocations({ query }: AdminRequest, { revocations }: AdminActions): AdminAnswer {
  const given = readParameters(query, [])
  if (typeof given === 'string') return failure(400, given)
  const { total, rows } = revocations(MAX_ROWS)
  return { status: 200, body: { total, revocations: rows } }
}

/** `DELETE /api/revocations?id=ID`: takes one back. */
export async function unrevoke({ query }: AdminRequest, actions: AdminActions): Promise<AdminAnswer> {
  const given = readParameters(query, ['id'])
  if (typeof given === 'string') return failure(400, given)
  const { id } = given
  if (id === undefined) return failure(400, 'name which: /api/revocations?id=ID, as GET /api/revocations lists them')
  if (!(await actions.unrevoke(id))) return failure(404, 'no revocation has this id: see GET /api/revocations')
  return { status: 200, body: { deleted: id }, done: { action: 'take a revocation back', detail: id } }
}
