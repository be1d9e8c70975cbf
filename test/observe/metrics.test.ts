import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event, RouteTotals } from '../../src/observe/events.ts'
import { METRICS, PROCESS_METRICS } from '../../src/observe/metric-names.ts'
import { createMetrics, type MetricSources } from '../../src/observe/metrics.ts'
import { closed, connection, decided, finding, refused, traffic } from './sample.ts'

const sources: MetricSources = {
  version: '1.2.3',
  nodeVersion: 'v24.0.0',
  wire: 'fast',
  totals: () => [],
  upstreams: () => [],
  isDraining: () => false,
  limiters: () => [],
  looksLikeOne: () => false,
  dryRunRoutes: () => [],
  now: () => 1_700_000_000_000,
}

const totals = (more: Partial<RouteTotals> = {}): RouteTotals => ({
  route: 'widget',
  active: 7,
  ...traffic(),
  violations: new Map(),
  ...more,
})

/** The samples of one metric after some events. */
async function samples(name: string, events: readonly Event[], more: Partial<MetricSources> = {}): Promise<string[]> {
  const metrics = createMetrics({ ...sources, ...more })
  for (const event of events) metrics.observe(event)
  const text = await metrics.text()
  return text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
}

const answered = (result: 'success' | 'would_reject' | 'upstream_error'): Event => ({
  type: 'answered',
  connection: connection(),
  route: 'widget',
  result,
  tookMs: 20,
})

const TABLE: [title: string, metric: string, events: Event[], expected: string[]][] = [
  [
    'one result per handshake',
    'ws_connections_total',
    [decided(), answered('success'), refused('token_missing', 4401, { type: 'iframe' })],
    [
      'ws_connections_total{route="widget",type="direct",result="success"} 1',
      'ws_connections_total{route="widget",type="iframe",result="rejected"} 1',
    ],
  ],
  [
    'an unmatched route is none',
    'ws_connections_total',
    [{ ...refused('route_not_found', 4404), route: '' }],
    ['ws_connections_total{route="none",type="direct",result="rejected"} 1'],
  ],
  [
    'would-be refusals, the one that counted, and candidates',
    'ws_decisions_total',
    [
      decided(
        {},
        {
          findings: [finding('origin_missing', false), finding('token_missing')],
          candidates: [{ ...finding('connection_rate', false), check: 'candidate.handshakes' }],
        },
      ),
    ],
    [
      'ws_decisions_total{route="widget",check="domains",reason="origin_missing",outcome="would_reject"} 1',
      'ws_decisions_total{route="widget",check="domains",reason="token_missing",outcome="rejected"} 1',
      'ws_decisions_total{route="widget",check="candidate.handshakes",reason="connection_rate",outcome="would_reject"} 1',
    ],
  ],
  [
    'close codes of connections and of refusals',
    'ws_close_codes_total',
    [closed(), closed({ code: 1008, reason: 'message_rate', initiator: 'proxy' }), refused('token_missing', 4401)],
    [
      'ws_close_codes_total{code="1000",reason="",initiator="client"} 1',
      'ws_close_codes_total{code="1008",reason="message_rate",initiator="proxy"} 1',
      'ws_close_codes_total{code="4401",reason="token_missing",initiator="proxy"} 1',
    ],
  ],
  [
    'an HTTP status is no close code',
    'ws_close_codes_total',
    [refused('token_missing', 401), closed({ code: 404 })],
    [],
  ],
  [
    'a forbidden domain',
    'ws_forbidden_domain_total',
    [
      refused('domain_not_allowed', 4003, { origin: 'https://evil.example' }),
      refused('domain_not_allowed', 4003),
      decided({}, { findings: [finding('domain_not_allowed', false)] }),
    ],
    [
      'ws_forbidden_domain_total{code="4003",origin="https://evil.example"} 1',
      'ws_forbidden_domain_total{code="4003",origin="-"} 1',
    ],
  ],
  [
    'a hostile origin is escaped',
    'ws_forbidden_domain_total',
    [refused('domain_not_allowed', 4003, { origin: 'a"} 1\nws_draining 1\\' })],
    ['ws_forbidden_domain_total{code="4003",origin="a\\"} 1\uFFFDws_draining 1\\\\"} 1'],
  ],
  [
    'a handshake is timed once',
    'ws_handshake_duration_seconds_count',
    [decided(), answered('success')],
    ['ws_handshake_duration_seconds_count 1'],
  ],
  [
    'a refused handshake is timed',
    'ws_handshake_duration_seconds_count',
    [refused('token_missing', 4401)],
    ['ws_handshake_duration_seconds_count 1'],
  ],
  [
    'connections are timed in seconds',
    'ws_connection_duration_seconds_sum',
    [closed()],
    ['ws_connection_duration_seconds_sum 90'],
  ],
  [
    'a connection that never opened lasted no time at all',
    'ws_connection_duration_seconds_count',
    [closed(), closed({ opened: false, code: 1014 }), closed({ opened: false, code: 403 })],
    ['ws_connection_duration_seconds_count 1'],
  ],
  [
    'reloads',
    'ws_config_reloads_total',
    [{ type: 'reloaded' }, { type: 'reload_failed', problems: [] }, { type: 'reloaded' }],
    ['ws_config_reloads_total{result="success"} 2', 'ws_config_reloads_total{result="failure"} 1'],
  ],
  [
    'when the configuration in force was loaded',
    'ws_config_last_reload_success_timestamp_seconds',
    [
      { type: 'started', listeners: {}, mode: 'enforce', wire: 'fast' },
      { type: 'reload_failed', problems: [] },
    ],
    ['ws_config_last_reload_success_timestamp_seconds 1700000000'],
  ],
  ['the build', 'ws_build_info', [], ['ws_build_info{version="1.2.3",node_version="v24.0.0"} 1']],
  ['draining', 'ws_draining', [], ['ws_draining 0']],
  ['wire', 'ws_wire_info', [], ['ws_wire_info{wire="fast"} 1']],
]

for (const [title, metric, events, expected] of TABLE) {
  test(`metrics: ${title}`, async () => assert.deepEqual(await samples(metric, events), expected))
}

test('metrics: durations have a bucket of 24 hours', async () => {
  const lines = await samples('ws_connection_duration_seconds_bucket', [closed({ durationMs: 80_000_000 })])
  assert.deepEqual(lines.slice(-3), [
    'ws_connection_duration_seconds_bucket{le="43200"} 0',
    'ws_connection_duration_seconds_bucket{le="86400"} 1',
    'ws_connection_duration_seconds_bucket{le="+Inf"} 1',
  ])
})

test('metrics: totals are read anew at every scrape', async () => {
  let now = [totals({ violations: new Map([['a', { reason: 'message_rate', action: 'close', count: 5 }]]) })]
  const metrics = createMetrics({ ...sources, totals: () => now })
  const first = await metrics.text()
  for (const sample of [
    'ws_connections_active{route="widget"} 7',
    'ws_messages_total{route="widget",direction="in"} 1',
    'ws_messages_total{route="widget",direction="out"} 2',
    'ws_bytes_total{route="widget",direction="in"} 30',
    'ws_bytes_total{route="widget",direction="out"} 40',
    'ws_message_violations_total{route="widget",reason="message_rate",action="close"} 5',
  ]) {
    assert.ok(first.includes(`\n${sample}\n`), sample)
  }
  now = [totals({ active: 1, messagesIn: 10 }), totals({ route: 'api', active: 0 })]
  const second = await metrics.text()
  assert.match(second, /\nws_connections_active\{route="widget"\} 1\nws_connections_active\{route="api"\} 0\n/)
  assert.match(second, /\nws_messages_total\{route="widget",direction="in"\} 10\n/)
  assert.doesNotMatch(second, /message_rate/)
})

test('metrics: state is asked at every scrape', async () => {
  const more: Partial<MetricSources> = {
    isDraining: () => true,
    dryRunRoutes: () => [
      { route: 'widget', dryRun: true },
      { route: 'api', dryRun: false },
    ],
    upstreams: () => [
      { label: 'a', up: true },
      { label: 'b', up: false },
      { label: 'c', up: undefined },
    ],
  }
  assert.deepEqual(await samples('ws_draining', [], more), ['ws_draining 1'])
  assert.deepEqual(await samples('ws_dry_run', [], more), ['ws_dry_run{route="widget"} 1', 'ws_dry_run{route="api"} 0'])
  assert.deepEqual(await samples('ws_upstream_up', [], more), [
    'ws_upstream_up{upstream="a"} 1',
    'ws_upstream_up{upstream="b"} 0',
  ])
})

test('metrics: 1,000 origins and 4,000 close codes stay bounded', async () => {
  const origins = Array.from({ length: 1000 }, (_, n) =>
    refused('domain_not_allowed', 4003, { origin: `https://${n}.example` }),
  )
  assert.equal((await samples('ws_forbidden_domain_total', origins)).length, 101)
  const codes = Array.from({ length: 4000 }, (_, n) => closed({ code: 1000 + n }))
  const lines = await samples('ws_close_codes_total', [...codes, refused('token_missing', 4401)])
  assert.equal(lines.length, 102)
  assert.ok(
    lines.includes('ws_close_codes_total{code="4401",reason="token_missing",initiator="proxy"} 1'),
    'ours is kept',
  )
})

/** prom-client reads these from /proc. */
const LINUX_ONLY = ['process_virtual_memory_bytes', 'process_heap_bytes', 'process_open_fds', 'process_max_fds']

test('metrics: the tables and the text name exactly the same metrics', async () => {
  const metrics = createMetrics(sources)
  const text = await metrics.text()
  const exposed = [...text.matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1])
  const listed = [...Object.keys(METRICS), ...PROCESS_METRICS]
  const expected = listed.filter((name) => process.platform === 'linux' || !LINUX_ONLY.includes(name))
  assert.deepEqual(new Set(exposed), new Set(expected))
  assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/)
})
