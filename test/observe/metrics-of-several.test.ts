/** The metrics of several processes, as one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../src/observe/events.ts'
import { createMetrics, lasting, type MetricSources, metricsText, type Samples } from '../../src/observe/metrics.ts'
import { closed } from './sample.ts'

const sources = (active: number, tracked: number): MetricSources => ({
  version: '1.2.3',
  nodeVersion: 'v24.0.0',
  wire: 'fast',
  totals: () => [
    { route: 'a', active, messagesIn: active, messagesOut: 0, bytesIn: 0, bytesOut: 0, violations: new Map() },
  ],
  upstreams: () => [],
  isDraining: () => active > 2,
  limiters: () => [{ name: 'a.messages.perIp', tracked, evictions: 0, limited: () => [], top: () => [] }],
  looksLikeOne: () => false,
  dryRunRoutes: () => [],
  now: () => 1_700_000_000_000,
})

/** What a process sends: it comes out of JSON. */
async function samplesOf(active: number, tracked: number, events: readonly Event[]): Promise<Samples> {
  const metrics = createMetrics(sources(active, tracked))
  for (const event of events) metrics.observe(event)
  return JSON.parse(JSON.stringify(await metrics.samples()))
}

const LINES = [
  'ws_connections_active{route="a"} 5',
  'ws_messages_total{route="a",direction="in"} 5',
  'ws_close_codes_total{code="1000",reason="",initiator="client"} 3',
  'ws_connection_duration_seconds_count 3',
  'ws_tracked_keys{limiter="a.messages.perIp"} 9',
  'ws_draining 1',
  'ws_build_info{version="1.2.3",node_version="v24.0.0"} 1',
]

test('counters, histograms and open connections add up; of what all know the largest tells', async () => {
  const end = closed({ code: 1000, reason: '', initiator: 'client' })
  const text = await metricsText([await samplesOf(2, 9, [end]), await samplesOf(3, 4, [end, end])])
  for (const line of LINES) assert.ok(text.split('\n').includes(line), line)
  assert.match(text, /^process_start_time_seconds \d+$/m)
})

test('what a process that has ended counted stays; what it held does not', async () => {
  const end = closed({ code: 1000, reason: '', initiator: 'client' })
  const past = await lasting([await samplesOf(2, 9, [end])])
  const both = await lasting([past, await samplesOf(1, 9, [end])])
  const lines = (await metricsText([await samplesOf(3, 4, []), both])).split('\n')
  for (const line of [
    'ws_connections_active{route="a"} 3',
    'ws_messages_total{route="a",direction="in"} 6',
    'ws_close_codes_total{code="1000",reason="",initiator="client"} 2',
    'ws_tracked_keys{limiter="a.messages.perIp"} 4',
  ]) {
    assert.ok(lines.includes(line), line)
  }
})

test('a worker that ended is counted, and its connections as closed', async () => {
  const ended: Event = { type: 'worker_ended', worker: 2, how: 'SIGKILL', connections: 7, replacedInMs: 0 }
  const lines = (await metricsText([await samplesOf(0, 0, [ended])])).split('\n')
  assert.ok(lines.includes('ws_worker_restarts_total 1'))
  assert.ok(lines.includes('ws_close_codes_total{code="1006",reason="internal_error",initiator="proxy"} 7'))
})
