import type { TokenRequest } from './find-token.ts'
import { queryValues } from './query.ts'
import { parseTokenSource, type TokenSource } from './sources.ts'

const PREFIX = 'ticket.'

/** Where a ticket may stand: the query parameter `ticket`, or a subprotocol that begins with `ticket.`. */
export const TICKET_SOURCES: readonly TokenSource[] = ['query:ticket', `protocol:${PREFIX}*`].map(parseTokenSource)

/** The ticket of a handshake, and where it stood; undefined where there is none. */
export function findTicket({ query, protocols }: TokenRequest): { source: string; ticket: string } | undefined {
  const asked = queryValues(query, 'ticket').find((value) => value !== '')
  if (asked !== undefined) return { source: 'query:ticket', ticket: asked }
  const offered = protocols.find((item) => item.toLowerCase().startsWith(PREFIX))
  // Not decoded, as a token there would be: a ticket is base64url itself.
  return offered === undefined ? undefined : { source: `protocol:${PREFIX}*`, ticket: offered.slice(PREFIX.length) }
}
