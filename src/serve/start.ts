/** The composition root: a configuration becomes stores, a policy, observers and servers that run. */
import type { Server } from 'node:http'
import { createAdmin } from '../admin/server.ts'
import type { LoadResult } from '../config/load.ts'
import type { Observe } from '../observe/events.ts'
import type { Metrics } from '../observe/metrics.ts'
import { createOps } from '../ops/server.ts'
import type { Reason } from '../policy/reasons.ts'
import type { Drained } from '../proxy/drain.ts'
import { listen } from '../proxy/listen.ts'
import { createLiveness, type Liveness } from '../proxy/liveness.ts'
import type { ProxyPolicy } from '../proxy/upgrade-context.ts'
import { parseDuration } from '../settings/duration.ts'
import type { Listen } from '../settings/listen.ts'
import { serveAlone } from './alone.ts'
import { type Listeners, openListeners } from './listeners.ts'
import { createObservers, type Observers } from './observers.ts'
import type { Held } from './proxy.ts'
import { readiness } from './readiness.ts'
import { Configuration, type Loaded, type Reloaded } from './reload.ts'
import { listed, revokeWhat } from './revoking.ts'
import type { OpenServing, Serving } from './serving.ts'

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
  readonly reload: () => Promise<Reloaded>
  readonly held: () => Held
}

/** The operators' two servers. */
interface Servers {
  readonly ops: Server
  readonly admin: Server
}

/**
 * Starts a proxy. Rejects, with nothing left running, where an address or a wire that was asked for cannot be used.
 * @param open who serves the clients
 */
export async function start(options: StartOptions, open: OpenServing = serveAlone): Promise<Running> {
  const { loaded } = options
  const observers = createObservers()
  const { observe } = observers
  const serving = await open({ loaded, observe })
  const liveness = createLiveness(() => backends(serving.policy()), clock)
  const metrics = connect(observers, serving, liveness, options)
  const configuration = new Configuration(loaded, options.load, serving.adopt, observe)
  const stage: { is: 'starting' | 'serving' } = { is: 'starting' }
  const servers: Servers = {
    ops: createOps({
      readiness: () => readiness(serving.isDraining() ? 'draining' : stage.is, liveness, serving),
      metrics: scraped(metrics, liveness, serving),
      clock,
    }),
    admin: adminServer(configuration, serving, observe),
  }
  const close = () => closeAll(configuration, serving, servers)
  try {
    const warn = (message: string) => observe({ type: 'warning', message })
    const openers = {
      listen: serving.listen,
      ops: (address: Listen) => listen(servers.ops, address),
      admin: (address: Listen) => listen(servers.admin, address),
    }
    const listeners = await openListeners(openers, loaded.config, (setting) => loaded.given.has(setting), warn)
    loaded.warnings.forEach(warn)
    const { wire, workers } = serving
    if (wire.because !== undefined) warn(`wire: the portable one is used: ${wire.because}`)
    observe({
      type: 'started',
      listeners,
      mode: loaded.config.mode,
      wire: wire.name,
      ...(workers === undefined ? {} : { workers }),
    })
    configuration.watch()
    stage.is = 'serving'
    return running(listeners, configuration, serving, observe, close)
  } catch (error) {
    close()
    throw error
  }
}

const now = () => Date.now()
const clock = () => performance.now()

function connect(observers: Observers, serving: Serving, liveness: Liveness, options: StartOptions): Metrics {
  const { write, version, nodeVersion } = options
  const codeOf = (reason: Reason) => serving.policy().answers[reason].code
  const log = { level: options.loaded.config.logLevel, write, now, codeOf }
  const sources = {
    ...serving.sources,
    version,
    nodeVersion,
    wire: serving.wire.name,
    upstreams: liveness.known,
    isDraining: serving.isDraining,
    dryRunRoutes: () => dryRunRoutes(serving.policy()),
    now,
  }
  return observers.connect(log, sources, serving.observe)
}

function adminServer(configuration: Configuration, serving: Serving, observe: Observe) {
  const { admin } = configuration.loaded.config
  return createAdmin({
    token: () => configuration.loaded.config.adminToken,
    allowedHosts: admin !== 'off' && 'host' in admin && admin.host !== undefined ? [admin.host] : [],
    observe,
    actions: {
      config: () => configuration.loaded.effective,
      list: serving.list,
      end: serving.end,
      limits: serving.limits,
      drain: () => serving.drain(configuration.loaded.config.drain),
      reload: () => configuration.reload(),
      parseDuration,
      revoke: (body) => revokeWhat(body, now(), serving.revoke),
      unrevoke: serving.unrevoke,
      revocations: (most) => listed(serving.revocations(), most),
    },
  })
}

function running(
  listeners: Listeners,
  configuration: Configuration,
  serving: Serving,
  observe: Observe,
  close: () => void,
): Running {
  let stopping: Promise<Drained> | undefined
  const drainAndClose = async () => {
    const { drain } = configuration.loaded.config
    const endAt = clock() + drain.delay + drain.timeout
    const drained = await serving.drain(drain)
    await serving.finish(Math.max(0, endAt - clock()))
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
    cut: serving.cut,
    reload: () => configuration.reload(),
    held: serving.held,
  }
}

function closeAll(configuration: Configuration, serving: Serving, { ops, admin }: Servers): void {
  configuration.unwatch()
  serving.destroy()
  for (const server of [ops, admin]) {
    server.closeAllConnections()
    server.close()
  }
}

function backends({ routes, unmatched }: ProxyPolicy) {
  return [...routes.values(), unmatched].flatMap(({ upstreams }) => upstreams?.upstreams ?? [])
}

const dryRunRoutes = ({ routes }: ProxyPolicy) =>
  [...routes.values()].map(({ name, steps, frames, messages, outbound }) => ({
    route: name,
    dryRun: [...steps, ...frames, messages, outbound].some((step) => step?.mode === 'dry-run'),
  }))

/** Whether a backend is up is asked when somebody scrapes. */
const scraped = (metrics: Metrics, liveness: Liveness, serving: Serving) => ({
  contentType: metrics.contentType,
  text: async () => {
    await liveness.check()
    return await serving.metricsText(metrics)
  },
})
