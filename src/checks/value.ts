/** Where a value that a check compares stands in a handshake: `param:`, `query:`, `header:`, `cookie:` or `claim:`. */
import type { Connection } from '../policy/connection.ts'
import { nearest } from '../settings/nearest.ts'
import { parsed } from '../settings/parsed.ts'
import { text } from '../settings/text.ts'
import { inexactClaim, isInexact } from '../tokens/claims.ts'
import { cookieValue } from '../tokens/cookies.ts'
import { queryValue } from '../tokens/query.ts'

const READERS = {
  param: (connection: Connection, name: string) => decoded(connection.params?.get(name)),
  query: (connection: Connection, name: string) => queryValue(connection.query, name),
  header: (connection: Connection, name: string) => connection.header(name.toLowerCase())[0],
  cookie: (connection: Connection, name: string) => cookieValue(connection.header('cookie'), name),
  claim: (connection: Connection, name: string) => scalar(name, connection.claims?.[name]),
} as const satisfies Record<string, (connection: Connection, name: string) => string | undefined>

type Kind = keyof typeof READERS

export interface ValueSource {
  readonly kind: Kind
  readonly name: string
  /** As it is written in the configuration, such as `query:parent_origin`. */
  readonly text: string
  /** The value of a connection; undefined where it has none. Throws where it cannot be told from another. */
  readonly read: (connection: Connection) => string | undefined
}

/** `, did you mean "query:…"?` */
export function meantKind(written: string, kinds: readonly string[]): string {
  const meant = kinds.includes(written) ? undefined : nearest(written, kinds)
  return meant === undefined ? '' : `, did you mean "${meant}:…"?`
}

/** A setting that names a value, of one of the given kinds. */
export const valueSource = (...kinds: Kind[]) =>
  parsed(text(), (value): ValueSource => {
    const at = value.indexOf(':')
    const written = value.slice(0, Math.max(at, 0))
    const kind = kinds.find((known) => known === written)
    const name = value.slice(at + 1)
    if (!kind || name === '') {
      throw new Error(`expected ${kinds.map((known) => `${known}:NAME`).join(' or ')}${meantKind(written, kinds)}`)
    }
    return { kind, name, text: value, read: (connection) => READERS[kind](connection, name) }
  })

/** A claim as text; objects and lists are no value to compare. Throws for a number that may be another's. */
function scalar(name: string, value: unknown): string | undefined {
  if (isInexact(value)) throw new Error(inexactClaim(name))
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

function decoded(segment: string | undefined): string | undefined {
  if (segment === undefined) return undefined
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
