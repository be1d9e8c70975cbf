import { cookieValues } from './cookies.ts'
import { spellingsAt, valueAt } from './json-path.ts'
import { beginsAsJwt } from './looks-like-jwt.ts'
import { duplicateNames, nameMatcher, queryValues } from './query.ts'
import type { TokenSource } from './sources.ts'

/** The parts of a handshake in which a token may stand. */
export interface TokenRequest {
  /** Raw, without the `?`. */
  readonly query: string
  /** Every line of a header, by its name in lower case. */
  header(name: string): readonly string[]
  /** The offered subprotocols, in order. */
  readonly protocols: readonly string[]
  /** A message of the client, as JSON; absent where there is none. */
  readonly message?: unknown
}

/** The token in the first source that is present, and that source; undefined when there is none. */
export function findToken(
  sources: readonly TokenSource[],
  request: TokenRequest,
): { readonly source: TokenSource; readonly token: string } | undefined {
  for (const source of sources) {
    const token = tokensAt(source, request).find((candidate) => candidate !== '')
    if (token !== undefined) return { source, token }
  }
  return undefined
}

/**
 * The first source that holds more than one value, so that we and the backend might each read another (trap 31).
 * Query names are compared under every disguise. undefined when each stands at most once.
 */
export function duplicateSource(sources: readonly TokenSource[], request: TokenRequest): TokenSource | undefined {
  return sources.find((source) =>
    source.kind === 'query'
      ? duplicateNames(request.query, nameMatcher([source.name])) !== undefined
      : countAt(source, request) > 1,
  )
}

/** The indexes of offered subprotocols that are tokens, or look like one, and must never be echoed (trap 30). */
export function tokenProtocols(protocols: readonly string[], sources: readonly TokenSource[]): ReadonlySet<number> {
  const indexes = new Set(sources.flatMap((source) => protocolIndexes(protocols, source)))
  for (const [index, item] of protocols.entries()) {
    if (beginsAsJwt(item)) indexes.add(index)
  }
  return indexes
}

/** The indexes of the offered subprotocols in which `source` finds a token. */
export function protocolIndexes(protocols: readonly string[], source: TokenSource): number[] {
  const indexes: number[] = []
  for (const [index, item] of protocols.entries()) {
    const folded = item.toLowerCase()
    if (source.kind === 'protocol-after' && folded === source.word && index + 1 < protocols.length)
      indexes.push(index + 1)
    if (source.kind === 'protocol-prefix' && folded.startsWith(source.prefix)) indexes.push(index)
  }
  return indexes
}

function tokensAt(source: TokenSource, request: TokenRequest): string[] {
  switch (source.kind) {
    case 'query':
      return queryValues(request.query, source.name)
    case 'header':
      return request.header(source.name).map((line) => headerToken(line, source.bearer))
    case 'cookie':
      return cookieValues(request.header('cookie'), source.name)
    case 'protocol-after':
      return protocolIndexes(request.protocols, source).map((index) => request.protocols[index] ?? '')
    case 'protocol-prefix':
      return protocolIndexes(request.protocols, source).map((index) =>
        unwrap((request.protocols[index] ?? '').slice(source.prefix.length)),
      )
    case 'message':
      return textAt(request.message, source.path)
  }
}

/** With or without `Bearer` before it, as GraphQL clients send what they would put into a header. */
function textAt(message: unknown, path: readonly string[]): string[] {
  const value = valueAt(message, path)
  return typeof value === 'string' ? [headerToken(value, 'optional')] : []
}

/** Lines and items are counted whether they hold a token or not: `Authorization` twice is already ambiguous. */
function countAt(source: TokenSource, request: TokenRequest): number {
  if (source.kind === 'message') return spellingsAt(request.message, source.path)
  return source.kind === 'header' ? request.header(source.name).length : tokensAt(source, request).length
}

/** The token of a header line; empty where the line holds none. */
export function headerToken(line: string, bearer: 'required' | 'optional'): string {
  const value = line.trim()
  // Of what stands behind the blanks nothing is a blank first: one way to match, also of lines, which a message may hold.
  const token = /^bearer +([^ ].*)$/is.exec(value)?.[1]
  return token ?? (bearer === 'required' ? '' : value)
}

/** Kubernetes sends the token base64url-encoded, others as it is; a compact JWS has dots and base64url has none. */
function unwrap(rest: string): string {
  if (rest.includes('.') || !/^[\w-]+$/.test(rest)) return rest
  return Buffer.from(rest, 'base64url').toString('utf8')
}
