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
    ...trustedUnix(root, written),
    ...proxyProtocol(root, written),
    ...upstreams(written, routes),
    ...names(routes),
    ...identityHeaders(routes),
    ...ticketPaths(routes),
    ...ticketNames(routes),
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

/** Nobody comes to a port over a unix socket, but to a load balancer that says so. */
function trustedUnix(root: Section, written: Record<string, unknown>): Complaint[] {
  const listen = listenOf(root, written, 'listen')
  const trusted = list(text()).safeParse(written.trustedProxies ?? []).data ?? []
  if (!listen || 'path' in listen || !trusted.includes('unix') || isOn(written.proxyProtocol)) return []
  const message =
    'unix stands for the peers of a unix socket, and listen is a port: leave it out, or listen on unix:PATH'
  return [{ path: ['trustedProxies'], message }]
}

const isOn = (written: unknown): boolean => bool().safeParse(written).data === true

/** Of nobody's word it would be a switch without effect; below TLS on a unix socket nothing tells two clients apart. */
function proxyProtocol(root: Section, written: Record<string, unknown>): Complaint[] {
  if (!isOn(written.proxyProtocol)) return []
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

/** A header that two would write says two things. */
function identityHeaders(routes: readonly Record<string, unknown>[]): Complaint[] {
  return routes.flatMap((route, index) => {
    const written = identityOf(route)
    return written.flatMap(({ path, name }, place) => {
      const first = written.slice(0, place).find((other) => other.name === name)
      return first ? [{ path: ['routes', index, ...path], message: `is the header of ${spelled(first.path)} too` }] : []
    })
  })
}

interface Written {
  readonly path: readonly (string | number)[]
  /** Lower-case. */
  readonly name: string
}

function identityOf(route: Record<string, unknown>): Written[] {
  const own = ['user', 'claims'].map((key) => ({ path: ['headers', key], name: valueAt(route, ['headers', key]) }))
  const handed = (Array.isArray(route.authorize) ? route.authorize : []).flatMap((entry: unknown, index) => {
    const names: unknown = valueAt(entry, ['responseHeaders'])
    const all: unknown[] = typeof names === 'string' ? names.split(',') : Array.isArray(names) ? names : []
    return all.map((name) => ({ path: ['authorize', index, 'responseHeaders'], name }))
  })
  return [...own, ...handed].flatMap(({ path, name }) =>
    typeof name === 'string' ? [{ path, name: name.trim().toLowerCase() }] : [],
  )
}

const spelled = (path: Written['path']) =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .slice(1)

function ticketPaths(routes: readonly Record<string, unknown>[]): Complaint[] {
  const paths = routes.map((route) => valueAt(route, ['tickets', 'path']))
  return paths.flatMap((path, index) => {
    const first = paths.indexOf(path)
    if (path === undefined || first === index) return []
    const message = `routes[${first}] gives its tickets there: give each its own path`
    return [{ path: ['routes', index, 'tickets', 'path'], message }]
  })
}

/** What is a ticket and what is a token must be told apart. */
function ticketNames(routes: readonly Record<string, unknown>[]): Complaint[] {
  return routes.flatMap((route, index) => {
    const from = list(text()).safeParse(valueAt(route, ['token', 'from']) ?? [])
    const taken = (from.data ?? []).find((source) => /^(?:query:ticket|protocol:ticket\.\*)$/i.test(source))
    if (route.tickets === undefined || taken === undefined) return []
    return [
      {
        path: ['routes', index, 'token', 'from'],
        message: `${taken} is where a ticket stands: give the token another place`,
      },
    ]
  })
}
