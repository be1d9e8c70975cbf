/** Who the client is, for the backend: headers that only we can have written. */
import type { Connection } from '../policy/connection.ts'
import type { RoutePolicy } from '../policy/policy.ts'

/** The identity headers of an admitted connection, as a header list: the user percent-encoded, the claims base64url JSON. */
export function identityHeaders({ user, claims }: Connection, { identity }: RoutePolicy): string[] {
  const headers: string[] = []
  if (identity.user !== undefined && user !== undefined) headers.push(identity.user, percentEncoded(user))
  if (identity.claims !== undefined && claims) {
    headers.push(identity.claims, Buffer.from(JSON.stringify(claims)).toString('base64url'))
  }
  return headers
}

/** A lone surrogate, which encodeURIComponent throws on, becomes the replacement character. */
const percentEncoded = (text: string): string => encodeURIComponent(text.toWellFormed())
