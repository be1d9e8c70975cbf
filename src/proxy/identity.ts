/** Who the client is, for the backend: headers that only we can have written. */
import type { Connection } from '../policy/connection.ts'
import type { RoutePolicy } from '../policy/policy.ts'

/**
 * The identity headers of an admitted connection, as a header list: the user percent-encoded, the claims base64url JSON as
 * they were signed, and what an authorization service gave.
 */
export function identityHeaders(connection: Connection, { identity, payload }: RoutePolicy): string[] {
  const { user, claims, handed = [] } = connection
  const headers: string[] = [...handed]
  if (identity.user !== undefined && user !== undefined) headers.push(identity.user, percentEncoded(user))
  // Only a verified token has taught claims.
  if (identity.claims !== undefined && claims) headers.push(identity.claims, connection.payload ?? payload(connection))
  return headers
}

/** A lone surrogate, which encodeURIComponent throws on, becomes the replacement character. */
const percentEncoded = (text: string): string => encodeURIComponent(text.toWellFormed())
