/** The composition root: a configuration becomes stores, a policy, observers and servers that run. */
import { createAdmin } from '../admin/server.ts'
import type { LoadResult } from '../config/load.ts'
import type { Observe } from '../observe/events.ts'
import type { Metrics } from '../observe/metrics.ts'
import { createOps } from '../ops/server.ts'
import type { Reason } from '../policy/reasons.ts'
import type { Drained } from '../proxy/drain.ts'
import { createLiveness, type Liveness } from '../proxy/liveness.ts'
import { chooseWire, type WireName } from '../proxy/wire-choice.ts'
import { parseDuration } from '../settings/duration.ts'
import { limiterViews } from './limiter-views.ts'
import { type Listeners, openListeners, type Servers } from './listeners.ts'
import { createObservers, type Observers } from './observers.ts'
import { type OneClientWatch, watchForOneClient } from './one-client.ts'
import { createProxy, type Held, type ProxyServer } from './proxy.ts'
import { readiness } from './readiness.ts'
import { Configuration, type Loaded, type Reloaded } from './reload.ts'

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

/** Starts a proxy. Rejects, with nothing left running, where an address or a wire that was asked for cannot be used. */
export async function start(options: StartOptions): Promise<Running> {
  const { loaded } = options
  const observers = createObservers()
  const { observe } = observers
  const wire = await chooseWire(loaded.config.wire)
  const proxy = createProxy(loaded.config, wire.make, observe)
  const liveness = createLiveness(() => backends(proxy), clock)
  const clients = watchForOneClient(clock, observe)
  const metrics = connect(observers, proxy, liveness, { ...options, wire: wire.name, clients })
  const configuration = new Configuration(loaded, options.load, proxy, observe)
  const stage: { is: 'starting' | 'serving' } = { is: 'starting' }
  const servers: Servers = {
    listen: proxy.server,
    ops: createOps({
      readiness: () => readiness(proxy.drain.isDraining ? 'draining' : stage.is, liveness, clients.address()),
      metrics: scraped(metrics, liveness),
      clock,
    }),
    admin: adminServer(configuration, proxy, observe),
  }
  const close = () => closeAll(configuration, proxy, servers)
  try {
    const warn = (message: string) => observe({ type: 'warning', message })
    const listeners = await openListeners(servers, loaded.config, (setting) => loaded.given.has(setting), warn)
    loaded.warnings.forEach(warn)
    if (wire.because !== undefined) warn(`wire: the portable one is used: ${wire.because}`)
    observe({ type: 'started', listeners, mode: loaded.config.mode, wire: wire.name })
    configuration.watch()
    stage.is = 'serving'
    return running(listeners, configuration, proxy, observe, close)
  } catch (error) {
    close()
    throw error
  }
}

const now = () => Date.now()
const clock = () => performance.now()

interface ConnectOptions extends StartOptions {
  readonly wire: WireName
  readonly clients: OneClientWatch
}

function connect(observers: Observers, proxy: ProxyServer, liveness: Liveness, options: ConnectOptions): Metrics {
  const { write, version, nodeVersion, wire, clients } = options
  const codeOf = (reason: Reason) => proxy.policy().answers[reason].code
  const log = { level: options.loaded.config.logLevel, write, now, codeOf }
  const sources = {
    version,
    nodeVersion,
    wire,
    totals: () => proxy.sessions.totals(),
    upstreams: liveness.known,
    isDraining: () => proxy.drain.isDraining,
    limiters: () => limiterViews(proxy.limiters, clock),
    looksLikeOne: () => clients.address() !== undefined,
    dryRunRoutes: () => dryRunRoutes(proxy),
    now,
  }
  return observers.connect(log, sources, clients.observe)
}

function adminServer(configuration: Configuration, proxy: ProxyServer, observe: Observe) {
  const { admin } = configuration.loaded.config
  return createAdmin({
    token: () => configuration.loaded.config.adminToken,
    allowedHosts: admin !== 'off' && 'host' in admin && admin.host !== undefined ? [admin.host] : [],
    observe,
    actions: {
      config: () => configuration.loaded.effective,
      sessions: () => proxy.sessions.all(),
      limiters: () => limiterViews(proxy.limiters, clock),
      drain: () => proxy.drain.begin(configuration.loaded.config.drain),
      reload: async () => configuration.reload(),
      parseDuration,
    },
  })
}

function running(
  listeners: Listeners,
  configuration: Configuration,
  proxy: ProxyServer,
  observe: Observe,
  close: () => void,
): Running {
  let stopping: Promise<Drained> | undefined
  const drainAndClose = async () => {
    const { drain } = configuration.loaded.config
    const endAt = clock() + drain.delay + drain.timeout
    const drained = await proxy.drain.begin(drain)
    await proxy.finish(Math.max(0, endAt - clock()))
    close()
    observe({ type: 'stopped' })
    return drained
  }
  return {
    listeners,
    stop: () => {
      stopping ??= drainAndClose()
      return stopping
    },
    cut: () => proxy.cut(),
    reload: () => configuration.reload(),
    held: proxy.held,
  }
}

function closeAll(configuration: Configuration, proxy: ProxyServer, { ops, admin }: Servers): void {
  configuration.unwatch()
  proxy.destroy()
  for (const server of [ops, admin]) {
    server.closeAllConnections()
    server.close()
  }
}

function backends(proxy: ProxyServer) {
  const { routes, unmatched } = proxy.policy()
  return [...routes.values(), unmatched].flatMap(({ upstreams }) => upstreams?.upstreams ?? [])
}

const dryRunRoutes = (proxy: ProxyServer) =>
  [...proxy.policy().routes.values()].map(({ name, steps, frames }) => ({
    route: name,
    dryRun: [...steps, ...frames].some(({ mode }) => mode === 'dry-run'),
  }))

/** Whether a backend is up is asked when somebody scrapes. */
const scraped = (metrics: Metrics, liveness: Liveness) => ({
  contentType: metrics.contentType,
  text: async () => {
    await liveness.check()
    return await metrics.text()
  },
})
