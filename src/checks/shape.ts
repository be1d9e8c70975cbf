/** Whether a request is read in one way only: everything that checks read stands once and is well formed. */
import type { HandshakeCheck } from '../policy/check.ts'
import type { Connection } from '../policy/connection.ts'
import { passed, refuse } from '../policy/verdict.ts'
import { cookieNames } from '../tokens/cookies.ts'
import { duplicateSource } from '../tokens/find-token.ts'
import { duplicateNames, nameMatcher, splitPair } from '../tokens/query.ts'
import { parseTokenSource, type TokenSource } from '../tokens/sources.ts'

/** A control byte, raw or however often encoded. */
const CONTROL = /[^ -~\u0080-\uffff]|%(?:25)*(?:[01][0-9a-f]|7f)/i

const names = (reads: readonly string[], kind: string) =>
  reads.flatMap((source) => (source.startsWith(`${kind}:`) ? [source.slice(kind.length + 1)] : []))

/** @param reads the parts of a request that the route's checks read, such as `query:token` */
export function requestShape(reads: readonly string[]): HandshakeCheck {
  const queryProblem = queryJudge(names(reads, 'query'))
  const headers = names(reads, 'header').map((name) => name.toLowerCase())
  const cookies = names(reads, 'cookie')
  const protocols = reads.filter((source) => source.startsWith('protocol:')).map(parseTokenSource)
  const sound = passed(`at most one each of ${reads.join(', ')}`)
  return (connection) => {
    const problem =
      queryProblem(connection.query) ??
      headerProblem(connection, headers) ??
      cookieProblem(connection, cookies) ??
      protocolProblem(connection, protocols)
    return problem === undefined ? sound : refuse('bad_request', problem)
  }
}

/** Parameters that no check reads may hold what they like. */
function queryJudge(read: readonly string[]): (query: string) => string | undefined {
  const match = nameMatcher(read)
  const isRead = (pair: string) => pair.split(';').some((part) => match(splitPair(part).name) !== undefined)
  return (query) => {
    const twice = duplicateNames(query, match)
    if (twice !== undefined) return `query parameter ${twice} stands more than once`
    const hasControl = CONTROL.test(query) && query.split('&').some((pair) => CONTROL.test(pair) && isRead(pair))
    return hasControl ? `a control byte in one of the query parameters ${read.join(', ')}` : undefined
  }
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
