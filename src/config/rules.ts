/** Rules between settings that each are well formed. They read what was written, so they hold beside other problems. */
import { bool } from '../settings/boolean.ts'
import { list } from '../settings/list.ts'
import { formatListen, type Listen, parseListen } from '../settings/listen.ts'
import { text } from '../settings/text.ts'
import type { Complaint } from './complaint.ts'
import { isRecord, valueAt } from './record.ts'
import { routeName } from './route.ts'
import type { Section } from './shape.ts'

/** Everything that is wrong between the settings of a merged configuration. */
export function judgeRules(root: Section, written: Record<string, unknown>): Complaint[] {
  const routes = Array.isArray(written.routes) ? written.routes.filter(isRecord) : []
  return [
    ...listenersOf(root, written),
    ...adminToken(root, written),
    ...proxyProtocol(root, written),
    ...upstreams(written, routes),
    ...names(routes),
    ...identityHeaders(routes),
  ]
}

const LISTENERS = ['listen', 'ops', 'admin'] as const

function listenersOf(root: Section, written: Record<string, unknown>): Complaint[] {
  const all = LISTENERS.map((name) => ({ name, listen: listenOf(root, written, name) }))
  return all.flatMap(({ name, listen }, index) => {
    const other = all.slice(0, index).find((earlier) => listen && earlier.listen && isSame(earlier.listen, listen))
    if (!other || !listen) return []
    if (written[name] !== undefined) return [{ path: [name], message: `takes the same address as ${other.name}` }]
    const message = `takes ${formatListen(listen)}, the default of ${name}: set ${name} to another address, or to off`
    return [{ path: [other.name], message }]
  })
}

/** The address of a listener, its default included; undefined where it is off or not well formed. */
function listenOf(root: Section, written: Record<string, unknown>, name: string): Listen | undefined {
  const value = written[name] ?? root.fields.get(name)?.fallback
  const isText = (typeof value === 'string' && value !== 'off') || typeof value === 'number'
  if (!isText) return undefined
  try {
    return parseListen(/^\d+$/.test(String(value)) ? `:${value}` : String(value))
  } catch {
    return undefined
  }
}

/** A port without a host takes that port on every host. */
function isSame(left: Listen, right: Listen): boolean {
  if ('path' in left || 'path' in right) return 'path' in left && 'path' in right && left.path === right.path
  const isShared = isEvery(left.host) || isEvery(right.host) || left.host === right.host
  return left.port !== 0 && left.port === right.port && isShared
}

const isEvery = (host: string | undefined) => host === undefined || host === '0.0.0.0' || host === '::'

function adminToken(root: Section, written: Record<string, unknown>): Complaint[] {
  const listen = listenOf(root, written, 'admin')
  const hasToken = written.adminToken !== undefined || written.adminTokenFile !== undefined
  if (!listen || hasToken || 'path' in listen || isLoopback(listen.host)) return []
  const message = 'is open to other machines: set adminToken or adminTokenFile, or listen on 127.0.0.1'
  return [{ path: ['admin'], message }]
}

const isLoopback = (host: string | undefined) =>
  host !== undefined && (/^127(?:\.\d{1,3}){3}$/.test(host) || host === '::1' || host.toLowerCase() === 'localhost')

/** Of nobody's word it would be a switch without effect; below TLS on a unix socket nothing tells two clients apart. */
function proxyProtocol(root: Section, written: Record<string, unknown>): Complaint[] {
  if (!bool().safeParse(written.proxyProtocol).data) return []
  const listen = listenOf(root, written, 'listen')
  const trusted = list(text()).safeParse(written.trustedProxies ?? [])
  const nobody =
    'is accepted of trusted proxies only, and there are none: set trustedProxies to the addresses of the load balancer'
  const beneath = 'cannot be read in front of TLS on a unix socket: listen on a port, or leave tls to the load balancer'
  return [
    ...(trusted.data?.length === 0 ? [{ path: ['proxyProtocol'], message: nobody }] : []),
    ...(listen && 'path' in listen && written.tls !== undefined ? [{ path: ['proxyProtocol'], message: beneath }] : []),
  ]
}

function upstreams(written: Record<string, unknown>, routes: readonly Record<string, unknown>[]): Complaint[] {
  if (written.upstream !== undefined) return []
  const message = 'no backend: set upstream here, or at the top level (upstream:, WS_UPSTREAM or --upstream)'
  return routes.flatMap((route, index) => (route.upstream === undefined ? [{ path: ['routes', index], message }] : []))
}

function names(routes: readonly Record<string, unknown>[]): Complaint[] {
  const all = routes.map(routeName)
  return all.flatMap((name, index) => {
    const first = all.indexOf(name)
    if (first === index) return []
    return [{ path: ['routes', index, 'name'], message: `routes[${first}] has the same name: give each its own` }]
  })
}

function identityHeaders(routes: readonly Record<string, unknown>[]): Complaint[] {
  return routes.flatMap((route, index) => {
    const user = valueAt(route, ['headers', 'user'])
    const claims = valueAt(route, ['headers', 'claims'])
    const isEqual =
      typeof user === 'string' && typeof claims === 'string' && user.toLowerCase() === claims.toLowerCase()
    return isEqual
      ? [{ path: ['routes', index, 'headers', 'claims'], message: 'is the header of headers.user too' }]
      : []
  })
}
