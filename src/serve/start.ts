/** The composition root: a configuration becomes stores, a policy, observers and servers that run. */
import { createAdmin } from '../admin/server.ts'
import type { LoadResult } from '../config/load.ts'
import { formatProblem } from '../config/problems.ts'
import { watchFiles } from '../config/watch.ts'
import type { Event, Observe } from '../observe/events.ts'
import { createLog } from '../observe/log.ts'
import { createMetrics, type Metrics } from '../observe/metrics.ts'
import { createOps, type Readiness } from '../ops/server.ts'
import type { Drained } from '../proxy/drain.ts'
import { createLiveness, type Liveness } from '../proxy/liveness.ts'
import { parseDuration } from '../settings/duration.ts'
import { type Listeners, openListeners } from './listeners.ts'
import { createProxy, type Held, type ProxyServer } from './proxy.ts'

export type Loaded = Extract<LoadResult, { ok: true }>

export interface StartOptions {
  readonly loaded: Loaded
  /** Loads the configuration again, for a reload. */
  readonly load: () => LoadResult
  /** Takes the log, a line at a time. */
  readonly write: (line: string) => void
  readonly version: string
  readonly nodeVersion: string
}

/** A proxy that runs. */
export interface Running {
  readonly listeners: Listeners
  /** Drains, or joins the drain under way, and stops; resolves when nothing is left of it. */
  readonly stop: () => Promise<Drained>
  /** Ends a drain under way at once. */
  readonly cut: () => void
  readonly reload: () => Reloaded
  readonly held: () => Held
}

export type Reloaded = { readonly ok: true } | { readonly ok: false; readonly problems: readonly string[] }

/** Starts a proxy. Rejects, with nothing left running, where an address that was asked for cannot be used. */
export async function start(options: StartOptions): Promise<Running> {
  const sinks: Observe[] = []
  const observe = (event: Event) => {
    for (const sink of sinks) sink(event)
  }
  const { config } = options.loaded
  const proxy = createProxy(config, observe)
  const liveness = createLiveness(() => backends(proxy), now)
  const metrics = createMetrics({ ...metricSources(proxy, liveness), ...options })
  const codeOf = (reason: keyof ReturnType<ProxyServer['policy']>['answers']) => proxy.policy().answers[reason].code
  sinks.push(createLog({ level: config.logLevel, write: options.write, now, codeOf }), metrics.observe)
  const current = { loaded: options.loaded }
  const files = watchFiles(
    () => reload(),
    (message) => observe({ type: 'warning', message }),
  )
  const reload = () => reloadInto(current, options.load, proxy, files, observe)
  const drain = () => proxy.drain.begin(current.loaded.config.drain)
  const servers = {
    listen: proxy.server,
    ops: createOps({ readiness: () => readiness(proxy, liveness), metrics: scraped(metrics, liveness) }),
    admin: createAdmin({
      token: () => current.loaded.config.adminToken,
      allowedHosts: allowedHosts(current.loaded),
      observe,
      actions: {
        config: () => current.loaded.effective,
        sessions: () => proxy.sessions.all(),
        drain,
        reload: async () => reload(),
        parseDuration,
      },
    }),
  }
  const close = () => {
    files.close()
    proxy.destroy()
    for (const server of [servers.ops, servers.admin]) {
      server.closeAllConnections()
      server.close()
    }
  }
  const given = (setting: string) => current.loaded.given.has(setting)
  try {
    const warn = (message: string) => observe({ type: 'warning', message })
    const listeners = await openListeners(servers, config, given, warn)
    for (const message of options.loaded.warnings) warn(message)
    observe({ type: 'started', listeners, mode: config.mode })
    if (config.watch) files.use(options.loaded.files)
    const stop = async () => {
      const drained = await drain()
      close()
      observe({ type: 'stopped' })
      return drained
    }
    return { listeners, stop, cut: () => proxy.drain.cut(), reload, held: proxy.held }
  } catch (error) {
    close()
    throw error
  }
}

const now = () => Date.now()

/** Loads, and swaps the policy whole; a configuration with a problem changes nothing (trap 36). */
function reloadInto(
  current: { loaded: Loaded },
  load: () => LoadResult,
  proxy: ProxyServer,
  files: ReturnType<typeof watchFiles>,
  observe: Observe,
): Reloaded {
  const next = load()
  if (!next.ok) {
    const problems = next.problems.map(formatProblem)
    observe({ type: 'reload_failed', problems })
    return { ok: false, problems }
  }
  for (const setting of FIXED) {
    const isSame = JSON.stringify(next.config[setting]) === JSON.stringify(current.loaded.config[setting])
    if (!isSame) observe({ type: 'warning', message: `${setting} changed: that takes a restart` })
  }
  try {
    proxy.adopt(next.config)
  } catch (error) {
    const problems = [error instanceof Error ? error.message : 'the configuration cannot be used']
    observe({ type: 'reload_failed', problems })
    return { ok: false, problems }
  }
  current.loaded = next
  if (next.config.watch) files.use(next.files)
  for (const message of next.warnings) observe({ type: 'warning', message })
  observe({ type: 'reloaded' })
  return { ok: true }
}

/** Settings that are read once, at the start. */
const FIXED = ['listen', 'ops', 'admin', 'handshakeTimeout', 'logLevel', 'watch'] as const

const allowedHosts = ({ config: { admin } }: Loaded): string[] =>
  admin !== 'off' && 'host' in admin && admin.host !== undefined ? [admin.host] : []

const pools = (proxy: ProxyServer) => {
  const { routes, unmatched } = proxy.policy()
  return [...routes.values(), unmatched].flatMap(({ upstreams }) => upstreams ?? [])
}

const backends = (proxy: ProxyServer) => pools(proxy).flatMap(({ upstreams }) => upstreams)

const dryRunRoutes = (proxy: ProxyServer) =>
  [...proxy.policy().routes.values()].map((route) => ({
    route: route.name,
    dryRun: [...route.steps, ...route.frames].some(({ mode }) => mode === 'dry-run'),
  }))

const metricSources = (proxy: ProxyServer, liveness: Liveness) => ({
  totals: () => proxy.sessions.totals(),
  upstreams: liveness.known,
  isDraining: () => proxy.drain.isDraining,
  dryRunRoutes: () => dryRunRoutes(proxy),
  now,
})

/** Whether a backend is up is asked when somebody scrapes. */
const scraped = (metrics: Metrics, liveness: Liveness) => ({
  contentType: metrics.contentType,
  text: async () => {
    await liveness.check()
    return await metrics.text()
  },
})

async function readiness(proxy: ProxyServer, liveness: Liveness): Promise<Readiness> {
  if (proxy.drain.isDraining) return { ready: false, problems: ['draining'] }
  const states = await liveness.check()
  if (states.some(({ up }) => up)) return { ready: true, problems: [] }
  return { ready: false, problems: states.map(({ label }) => `upstream ${label} does not accept connections`) }
}
