/** Every metric we expose (contract section 5): the table that `metrics.ts` and the generated reference read. */

export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram, in seconds. */
  readonly buckets?: readonly number[]
  /** What is made of the values of several processes: their sum, unless they all speak of the same. */
  readonly aggregator?: 'sum' | 'max'
}

const MINUTE = 60
const HOUR = 60 * MINUTE

export const METRICS = {
  ws_connections_total: {
    type: 'counter',
    help: 'Handshakes by result: success, rejected, would_reject or upstream_error.',
    labels: ['route', 'type', 'result'],
  },
  ws_connections_active: { type: 'gauge', help: 'Connections open now.', labels: ['route'] },
  ws_close_codes_total: {
    type: 'counter',
    help: 'Close codes, those of refused handshakes included, by who ended the connection: client, upstream or proxy.',
    labels: ['code', 'reason', 'initiator'],
  },
  ws_decisions_total: {
    type: 'counter',
    help: 'Refusals and would-be refusals of handshakes, by the check that made them.',
    labels: ['route', 'check', 'reason', 'outcome'],
  },
  ws_token_refreshes_total: {
    type: 'counter',
    help: 'Newer tokens that open connections went on with.',
    labels: ['route'],
  },
  ws_tickets_total: {
    type: 'counter',
    help: 'Tickets that clients asked for by result: issued or rejected.',
    labels: ['route', 'result'],
  },
  ws_forbidden_domain_total: {
    type: 'counter',
    help: 'Handshakes refused because the token may not be used on the page; origin holds at most 100 values, then other.',
    labels: ['code', 'origin'],
  },
  ws_messages_total: {
    type: 'counter',
    help: 'Data messages relayed; in is from the client.',
    labels: ['route', 'direction'],
  },
  ws_bytes_total: {
    type: 'counter',
    help: 'Bytes relayed, frame headers included; in is from the client.',
    labels: ['route', 'direction'],
  },
  ws_message_violations_total: {
    type: 'counter',
    help: 'Frames that a policy refused (action close, drop or delay), or would refuse (none in dry run; candidate).',
    labels: ['route', 'reason', 'action'],
  },
  ws_handshake_duration_seconds: {
    type: 'histogram',
    help: 'From the request to its refusal or to the answer of the backend.',
    labels: [],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  ws_connection_duration_seconds: {
    type: 'histogram',
    help: 'How long connections were open.',
    labels: [],
    buckets: [0.1, 1, 5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, 24 * HOUR],
  },
  ws_config_reloads_total: {
    type: 'counter',
    help: 'Reloads of the configuration by result: success or failure.',
    labels: ['result'],
  },
  ws_config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the configuration in force was loaded, in seconds since the epoch.',
    labels: [],
    aggregator: 'max',
  },
  ws_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels name the build.',
    labels: ['version', 'node_version'],
    aggregator: 'max',
  },
  ws_upstream_up: {
    type: 'gauge',
    help: 'Whether the backend answered when it was last tried; absent until it was.',
    labels: ['upstream'],
    aggregator: 'max',
  },
  ws_dry_run: {
    type: 'gauge',
    help: 'Whether any check of the route is judged and reported only.',
    labels: ['route'],
    aggregator: 'max',
  },
  ws_wire_info: {
    type: 'gauge',
    help: 'Always 1; the label names how sockets are read and written: fast or portable.',
    labels: ['wire'],
    aggregator: 'max',
  },
  ws_tracked_keys: {
    type: 'gauge',
    help: 'Keys (addresses, users) whose rate a limiter remembers.',
    labels: ['limiter'],
    aggregator: 'max',
  },
  ws_evictions_total: {
    type: 'counter',
    help: 'Keys that a limiter forgot because others came (maxTrackedKeys); one at its limit stays limited.',
    labels: ['limiter'],
    aggregator: 'max',
  },
  websocket_rate_limited_ips: {
    type: 'gauge',
    help: 'Client addresses that are at a rate limit now, candidates aside.',
    labels: [],
    aggregator: 'max',
  },
  ws_clients_look_like_one: {
    type: 'gauge',
    help: 'Whether most clients seem to have one address, that of a proxy which trustedProxies does not name.',
    labels: [],
    aggregator: 'max',
  },
  ws_draining: { type: 'gauge', help: 'Whether the process is draining.', labels: [], aggregator: 'max' },
  ws_worker_restarts_total: {
    type: 'counter',
    help: 'Workers that ended unasked and were replaced; their connections count as closed with 1006.',
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricSpec>>

export type MetricName = keyof typeof METRICS

/**
 * What is kept of prom-client's own metrics of the process. The others are left out: the `nodejs_active_*` gauges fail
 * `promtool check metrics` and list every socket at each scrape, and a few have no number to give between two scrapes.
 */
export const PROCESS_METRICS: readonly string[] = [
  'process_cpu_user_seconds_total',
  'process_cpu_system_seconds_total',
  'process_cpu_seconds_total',
  'process_start_time_seconds',
  'process_resident_memory_bytes',
  'process_virtual_memory_bytes',
  'process_heap_bytes',
  'process_open_fds',
  'process_max_fds',
  'nodejs_eventloop_lag_seconds',
  'nodejs_eventloop_lag_max_seconds',
  'nodejs_eventloop_lag_p50_seconds',
  'nodejs_eventloop_lag_p90_seconds',
  'nodejs_eventloop_lag_p99_seconds',
  'nodejs_heap_size_total_bytes',
  'nodejs_heap_size_used_bytes',
  'nodejs_external_memory_bytes',
  'nodejs_gc_duration_seconds',
  'nodejs_version_info',
]
