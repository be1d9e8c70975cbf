/** Where a value that a check compares stands in a handshake: `param:`, `query:`, `header:`, `cookie:` or `claim:`. */
import type { Connection } from '../policy/connection.ts'
import { parsed } from '../settings/parsed.ts'
import { text } from '../settings/text.ts'
import { cookieValue } from '../tokens/cookies.ts'
import { queryValue } from '../tokens/query.ts'

const READERS = {
  param: (connection: Connection, name: string) => decoded(connection.params?.get(name)),
  query: (connection: Connection, name: string) => queryValue(connection.query, name),
  header: (connection: Connection, name: string) => connection.header(name.toLowerCase())[0],
  cookie: (connection: Connection, name: string) => cookieValue(connection.header('cookie'), name),
  claim: (connection: Connection, name: string) => scalar(connection.claims?.[name]),
} as const satisfies Record<string, (connection: Connection, name: string) => string | undefined>

type Kind = keyof typeof READERS

export interface ValueSource {
  readonly kind: Kind
  readonly name: string
  /** As it is written in the configuration, such as `query:parent_origin`. */
  readonly text: string
  /** The value of a connection; undefined where it has none. */
  readonly read: (connection: Connection) => string | undefined
}

/** A setting that names a value, of one of the given kinds. */
export const valueSource = (...kinds: Kind[]) =>
  parsed(text(), (value): ValueSource => {
    const at = value.indexOf(':')
    const kind = kinds.find((known) => known === value.slice(0, at))
    const name = value.slice(at + 1)
    if (!kind || name === '') throw new Error(`expected ${kinds.map((known) => `${known}:NAME`).join(' or ')}`)
    return { kind, name, text: value, read: (connection) => READERS[kind](connection, name) }
  })

/** A claim as text; objects and lists are no value to compare. */
const scalar = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined

function decoded(segment: string | undefined): string | undefined {
  if (segment === undefined) return undefined
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
