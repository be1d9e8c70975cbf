/** Which route a connection takes: the first whose path matches. */
import type { HandshakeCheck } from '../policy/check.ts'
import type { PathMatch } from '../policy/path.ts'
import { refuse } from '../policy/verdict.ts'

export interface RoutePath {
  readonly name: string
  readonly match: PathMatch
}

export const matchRoute =
  (routes: readonly RoutePath[]): HandshakeCheck =>
  (connection) => {
    for (const { name, match } of routes) {
      const params = match(connection.path)
      if (params) return { ok: true, learned: { route: name, params }, detail: `the path is that of route ${name}` }
    }
    return refuse('route_not_found', `no route matches the path ${connection.path}`)
  }
