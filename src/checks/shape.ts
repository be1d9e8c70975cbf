/** Whether a request is read in one way only: everything a check reads stands once, well formed, and is not oversized. */
import type { HandshakeCheck } from '../policy/check.ts'
import type { Connection } from '../policy/connection.ts'
import { pass, refuse } from '../policy/verdict.ts'
import { cookieNames } from '../tokens/cookies.ts'
import { duplicateSource } from '../tokens/find-token.ts'
import { duplicateNames } from '../tokens/query.ts'
import { parseTokenSource, type TokenSource } from '../tokens/sources.ts'

/** Longest path, and longest header line that a check reads; a token's own bound is `maxLength`. */
const MAX_BYTES = 16 * 1024

/** Percent-encoded slash, backslash or control byte, once or twice encoded; dot segments; raw control bytes. */
const AMBIGUOUS_PATH = /%(?:25)*(?:2f|5c|[01][0-9a-f]|7f)|(?:^|\/)(?:\.|%(?:25)*2e){1,2}(?=\/|$)|\\/i
const CONTROL = /%(?:25)*(?:[01][0-9a-f]|7f)/i

const names = (reads: readonly string[], kind: string) =>
  reads.flatMap((source) => (source.startsWith(`${kind}:`) ? [source.slice(kind.length + 1)] : []))

/** @param reads the parts of a request that the route's checks read, such as `query:token` */
export function requestShape(reads: readonly string[]): HandshakeCheck {
  const queries = names(reads, 'query')
  const headers = names(reads, 'header').map((name) => name.toLowerCase())
  const cookies = names(reads, 'cookie')
  const protocols = reads.filter((source) => source.startsWith('protocol:')).map(parseTokenSource)
  return (connection) => {
    const problem =
      pathProblem(connection) ??
      queryProblem(connection, queries) ??
      headerProblem(connection, headers) ??
      cookieProblem(connection, cookies) ??
      protocolProblem(connection, protocols)
    return problem === undefined ? pass : refuse('bad_request', problem)
  }
}

function pathProblem({ path }: Connection): string | undefined {
  if (!path.startsWith('/')) return 'the request target is no path'
  if (path.length > MAX_BYTES) return 'the path is too long'
  return AMBIGUOUS_PATH.test(path) ? 'an encoded slash, a dot segment or a control byte in the path' : undefined
}

function queryProblem({ query }: Connection, read: readonly string[]): string | undefined {
  if (CONTROL.test(query)) return 'a control byte in the query'
  const twice = duplicateNames(query, read)
  return twice === undefined ? undefined : `query parameter ${twice} stands more than once`
}

function headerProblem({ header }: Connection, read: readonly string[]): string | undefined {
  const twice = read.find((name) => header(name).length > 1)
  return twice === undefined ? undefined : `header ${twice} stands more than once`
}

function cookieProblem({ header }: Connection, read: readonly string[]): string | undefined {
  if (read.length === 0) return undefined
  const sent = cookieNames(header('cookie'))
  const twice = read.find((name) => sent.filter((other) => other === name).length > 1)
  return twice === undefined ? undefined : `cookie ${twice} stands more than once`
}

function protocolProblem(connection: Connection, read: readonly TokenSource[]): string | undefined {
  const twice = duplicateSource(read, connection)
  return twice === undefined ? undefined : `${twice.text} stands more than once`
}
