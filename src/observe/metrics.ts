/** Counts events and reads live totals at scrape, as Prometheus text. The only file that knows prom-client. */
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { bounded } from './bounded.ts'
import type { Answered, Closed, Decided, Event, Observe, RouteTotals } from './events.ts'
import { capLabel } from './labels.ts'
import type { LimiterView } from './limiter-view.ts'
import { METRICS, type MetricName, type MetricSpec, PROCESS_METRICS } from './metric-names.ts'
import { Gathered, Tally } from './tally.ts'

/** What is asked at every scrape; the rest is counted from events. */
export interface MetricSources {
  readonly version: string
  readonly nodeVersion: string
  /** How sockets are read and written. */
  readonly wire: string
  readonly totals: () => Iterable<RouteTotals>
  /** `up` is undefined until the backend was tried. */
  readonly upstreams: () => readonly { readonly label: string; readonly up: boolean | undefined }[]
  readonly isDraining: () => boolean
  readonly limiters: () => Iterable<LimiterView>
  readonly looksLikeOne: () => boolean
  /** Every route, and whether any of its checks is in dry run. */
  readonly dryRunRoutes: () => Iterable<{ readonly route: string; readonly dryRun: boolean }>
  /** ms since the epoch. */
  readonly now: () => number
}

export interface Metrics {
  readonly observe: Observe
  /** The exposition text. */
  readonly text: () => Promise<string>
  readonly contentType: string
  /** The same as plain data, for {@link metricsText}. */
  readonly samples: () => Promise<Samples>
}

/** The metrics of a process, as prom-client has them; they may be sent as JSON. */
export type Samples = readonly object[]

type Label<Name extends MetricName> = (typeof METRICS)[Name]['labels'][number]
type Counters = { readonly [Type in Event['type']]: (event: Extract<Event, { readonly type: Type }>) => void }

const MAX_ORIGIN = 256
const routeLabel = (route: string) => route || 'none'
const ignore = () => {}
/** Events that no counter needs; frame violations are all in the totals, `violated` is only the first. */
const UNCOUNTED = {
  violated: ignore,
  malformed: ignore,
  warning: ignore,
  keys: ignore,
  authorization: ignore,
  upstream_failed: ignore,
  draining: ignore,
  drained: ignore,
  administered: ignore,
  one_client: ignore,
  stopped: ignore,
}

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry()
  const counters = countEvents(registry, sources.now)
  readTotals(registry, sources)
  readState(registry, sources)
  readLimiters(registry, sources)
  readProcess(registry)
  return {
    observe: (event) => count(counters, event),
    text: () => registry.metrics(),
    contentType: registry.contentType,
    samples: async () => (await registry.getMetricsAsJSON()).map((metric) => withStart(metric)),
  }
}

/** prom-client leaves it out of sums; of several processes the first to start tells. */
const withStart = <Metric extends { readonly name: string }>(metric: Metric) =>
  metric.name === 'process_start_time_seconds' ? { ...metric, aggregator: 'min' } : metric

/** The exposition text of several processes together. */
export const metricsText = (all: readonly Samples[]): Promise<string> => aggregated(all).metrics()

/**
 * What stays of processes that have ended: what they counted. Without it, sums would fall, which a counter never does.
 */
export async function lasting(all: readonly Samples[]): Promise<Samples> {
  const samples = await aggregated(all).getMetricsAsJSON()
  return samples.filter(({ type }) => LASTING.has(String(type)))
}

const LASTING: ReadonlySet<string> = new Set(['counter', 'histogram'])

const aggregated = (all: readonly Samples[]): Registry =>
  // Its types say one object where it takes what `getMetricsAsJSON` gave, which is a list.
  AggregatorRegistry.aggregate(all as object[])

function count<E extends Event>(counters: Counters, event: E): void {
  // The table's entry at `type` takes events of that type, which the compiler cannot follow through a union.
  const counter = counters[event.type] as (event: E) => void
  counter(event)
}

function countEvents(registry: Registry, now: () => number): Counters {
  const connections = tallied(registry, 'ws_connections_total')
  const handshakes = timed(registry, 'ws_handshake_duration_seconds')
  const refused = refusals(registry)
  const codes = closeCodes(registry)
  const durations = timed(registry, 'ws_connection_duration_seconds')
  const tickets = counter(registry, 'ws_tickets_total')
  const refreshes = counter(registry, 'ws_token_refreshes_total')
  const reloads = counter(registry, 'ws_config_reloads_total')
  const restarts = counter(registry, 'ws_worker_restarts_total')
  const loadedAt = gauge(registry, 'ws_config_last_reload_success_timestamp_seconds')
  for (const result of ['success', 'failure']) reloads.inc({ result }, 0)

  const concluded = ({ connection, route, tookMs }: Decided | Answered, result: string) => {
    connections.add(routeLabel(route), connection.type ?? 'direct', result)
    handshakes.add(tookMs / 1000)
  }
  const loaded = () => loadedAt.set(now() / 1000)
  return {
    decided: (event) => {
      refused(event)
      if (!event.refusal) return
      concluded(event, 'rejected')
      codes(event.refusal.code, event.refusal.finding.reason, 'proxy')
    },
    answered: (event) => concluded(event, event.result),
    closed: (event) => {
      if (isStatus(event.code)) return
      codes(event.code, event.reason, event.initiator)
      if (event.opened) durations.add(event.durationMs / 1000)
    },
    refreshed: ({ route }) => refreshes.inc({ route: routeLabel(route) }),
    ticket: ({ route, refusal }) => tickets.inc({ route: routeLabel(route), result: refusal ? 'rejected' : 'issued' }),
    started: loaded,
    worker_ended: ({ connections: closed }) => {
      restarts.inc()
      codes(1006, 'internal_error', 'proxy', closed)
    },
    reloaded: () => {
      reloads.inc({ result: 'success' })
      loaded()
    },
    reload_failed: () => reloads.inc({ result: 'failure' }),
    ...UNCOUNTED,
  }
}

/** Close codes begin at 1000 (RFC 6455 section 7.4): what is below is the HTTP status of a handshake that never opened. */
const isStatus = (code: number) => code < 1000

function closeCodes(registry: Registry) {
  const total = tallied(registry, 'ws_close_codes_total')
  // A set each, so that a client's made-up codes never push out those of the backend or our own.
  const caps = { client: capLabel(), upstream: capLabel(), proxy: capLabel() }
  return (code: number, reason: Closed['reason'], initiator: Closed['initiator'], times = 1) => {
    if (!isStatus(code)) total.add(caps[initiator](String(code)), reason, initiator, times)
  }
}

function refusals(registry: Registry) {
  const decisions = counter(registry, 'ws_decisions_total')
  const forbidden = counter(registry, 'ws_forbidden_domain_total')
  const originLabel = capLabel()
  return ({ connection, route, findings, candidates, refusal }: Decided) => {
    for (const { check, reason, counted } of [...findings, ...candidates]) {
      decisions.inc({ route: routeLabel(route), check, reason, outcome: counted ? 'rejected' : 'would_reject' })
    }
    if (refusal?.finding.reason !== 'domain_not_allowed') return
    const origin = bounded(connection.header('origin')[0] ?? '-', MAX_ORIGIN)
    forbidden.inc({ code: refusal.code, origin: originLabel(origin) })
  }
}

/** The relay counts in plain numbers; they become samples only when somebody scrapes. */
function readTotals(registry: Registry, { totals }: MetricSources): void {
  gauge(registry, 'ws_connections_active', (active) => {
    for (const { route, active: open } of totals()) active.inc({ route: routeLabel(route) }, open)
  })
  counter(registry, 'ws_messages_total', (messages) => {
    for (const total of totals()) byDirection(messages, total.route, total.messagesIn, total.messagesOut)
  })
  counter(registry, 'ws_bytes_total', (bytes) => {
    for (const total of totals()) byDirection(bytes, total.route, total.bytesIn, total.bytesOut)
  })
  counter(registry, 'ws_message_violations_total', (violations) => {
    for (const { route, violations: of } of totals()) {
      for (const { reason, action, count } of of.values()) {
        violations.inc({ route: routeLabel(route), reason, action }, count)
      }
    }
  })
}

function byDirection(counter: Counter<'route' | 'direction'>, route: string, received: number, sent: number): void {
  counter.inc({ route: routeLabel(route), direction: 'in' }, received)
  counter.inc({ route: routeLabel(route), direction: 'out' }, sent)
}

function readState(registry: Registry, sources: MetricSources): void {
  const { version, nodeVersion, wire } = sources
  gauge(registry, 'ws_build_info').set({ version, node_version: nodeVersion }, 1)
  gauge(registry, 'ws_wire_info').set({ wire }, 1)
  gauge(registry, 'ws_draining', (draining) => draining.set(Number(sources.isDraining())))
  gauge(registry, 'ws_dry_run', (mode) => {
    for (const { route, dryRun } of sources.dryRunRoutes()) mode.set({ route: routeLabel(route) }, Number(dryRun))
  })
  gauge(registry, 'ws_upstream_up', (health) => {
    for (const { label, up } of sources.upstreams()) if (up !== undefined) health.set({ upstream: label }, Number(up))
  })
}

function readLimiters(registry: Registry, { limiters, looksLikeOne }: MetricSources): void {
  gauge(registry, 'ws_tracked_keys', (keys) => {
    for (const { name, tracked } of limiters()) keys.set({ limiter: name }, tracked)
  })
  counter(registry, 'ws_evictions_total', (evicted) => {
    for (const { name, evictions } of limiters()) evicted.inc({ limiter: name }, evictions)
  })
  gauge(registry, 'websocket_rate_limited_ips', (limited) => {
    const all = [...limiters()].filter(({ name }) => name.endsWith('.perIp'))
    limited.set(new Set(all.flatMap((limiter) => limiter.limited())).size)
  })
  gauge(registry, 'ws_clients_look_like_one', (seems) => seems.set(Number(looksLikeOne())))
}

function readProcess(registry: Registry): void {
  const all = new Registry()
  collectDefaultMetrics({ register: all })
  for (const name of PROCESS_METRICS) {
    const metric = all.getSingleMetric(name)
    if (metric) registry.registerMetric(metric)
  }
}

/** `collect` fills the metric anew at every scrape. */
function counter<Name extends MetricName>(
  registry: Registry,
  name: Name,
  collect?: (counter: Counter<Label<Name>>) => void,
): Counter<Label<Name>> {
  return new Counter<Label<Name>>({ ...specOf(registry, name), ...collector(collect) })
}

function gauge<Name extends MetricName>(
  registry: Registry,
  name: Name,
  collect?: (gauge: Gauge<Label<Name>>) => void,
): Gauge<Label<Name>> {
  return new Gauge<Label<Name>>({ ...specOf(registry, name), ...collector(collect) })
}

/** A counter of what happens to every connection: it becomes samples only when somebody scrapes. */
function tallied<Name extends 'ws_connections_total' | 'ws_close_codes_total'>(
  registry: Registry,
  name: Name,
): Tally<Label<Name>> {
  const tally = new Tally<Label<Name>>(METRICS[name].labels)
  counter(registry, name, (metric) => {
    for (const { labels, count: times } of tally.rows()) metric.inc(labels, times)
  })
  return tally
}

/** A histogram of what every connection takes. */
function timed<Name extends MetricName>(registry: Registry, name: Name): Gathered {
  const { buckets = [] }: MetricSpec = METRICS[name]
  const gathered = new Gathered((seconds) => histogram.observe(seconds))
  const histogram = new Histogram({
    ...specOf(registry, name),
    buckets: [...buckets],
    collect: () => gathered.hand(),
  })
  return gathered
}

function specOf<Name extends MetricName>(registry: Registry, name: Name) {
  const { help, aggregator = 'sum' }: MetricSpec = METRICS[name]
  const labelNames: readonly Label<Name>[] = METRICS[name].labels
  return { name, help, labelNames, aggregator, registers: [registry] }
}

function collector<Metric extends { reset(): void }>(collect: ((metric: Metric) => void) | undefined) {
  if (!collect) return {}
  return {
    collect(this: Metric) {
      this.reset()
      collect(this)
    },
  }
}
