/** The admin API: which request does what. */
import { type AdminActions, type AdminAnswer, type AdminRequest, failure } from './actions.ts'
import { endConnection, endConnectionsOfUser, listConnections } from './connections.ts'
import { drain } from './drain.ts'
import { listLimits } from './limits.ts'
import { listRevocations, revoke, unrevoke } from './revocations.ts'

type Handler = (request: AdminRequest, actions: AdminActions) => AdminAnswer | Promise<AdminAnswer>

const API = `wsluice admin
GET    /api/config                         the effective configuration, secrets hidden
GET    /api/connections?route=&user=&ip=   open connections
DELETE /api/connections/ID                 end one
DELETE /api/connections?user=USER          end all of a user
GET    /api/limits?top=20                  rates, and who uses most of them
POST   /api/drain?wait=25s                 drain, answer when done
POST   /api/reload                         read the configuration again
GET    /api/revocations                    what operators revoked
POST   /api/revocations                    revoke: {"jti" | "user" | "issuedBefore", "until"}
DELETE /api/revocations?id=ID              take one back
`

const ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/': { GET: () => ({ status: 200, body: API }) },
  '/api/config': { GET: (_, { config }) => ({ status: 200, body: config() }) },
  '/api/connections': { GET: listConnections, DELETE: endConnectionsOfUser },
  '/api/drain': { POST: drain },
  '/api/limits': { GET: listLimits },
  '/api/reload': { POST: reload },
  '/api/revocations': { GET: listRevocations, POST: revoke, DELETE: unrevoke },
}

const ONE_CONNECTION = '/api/connections/'

/** Answers a request that the guard let in. */
export function handle(request: AdminRequest, actions: AdminActions): AdminAnswer | Promise<AdminAnswer> {
  const methods = methodsOf(request.path)
  if (!methods) return failure(404, 'nothing is here: see /')
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const handler = Object.hasOwn(methods, method) ? methods[method] : undefined
  if (handler) return handler(request, actions)
  const allowed = Object.keys(methods).join(', ')
  return { ...failure(405, `use ${allowed}`), headers: { Allow: allowed } }
}

function methodsOf(path: string): Readonly<Record<string, Handler>> | undefined {
  if (Object.hasOwn(ROUTES, path)) return ROUTES[path]
  if (!path.startsWith(ONE_CONNECTION)) return undefined
  const id = decoded(path.slice(ONE_CONNECTION.length))
  if (!id) return undefined
  return { DELETE: (request, actions) => endConnection(id, request, actions) }
}

/** Undefined where the text is not percent-encoded UTF-8: `%zz` throws. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

async function reload(_: AdminRequest, actions: AdminActions): Promise<AdminAnswer> {
  const result = await actions.reload()
  const done = { action: 'reload', detail: result.ok ? 'the new configuration is in force' : 'refused' }
  if (result.ok) return { status: 200, body: { reloaded: true }, done }
  const error = 'the configuration has problems, the old one stays in force: correct them and reload again'
  return { ...failure(409, error, { problems: result.problems }), done }
}
