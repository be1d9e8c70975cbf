/** Events for the tests of logs and metrics. */
import type { Closed, Decided, Traffic } from '../../src/observe/events.ts'
import type { Connection } from '../../src/policy/connection.ts'
import type { Finding } from '../../src/policy/finding.ts'
import type { Reason } from '../../src/policy/reasons.ts'

export interface SampleFacts extends Partial<Omit<Connection, 'header'>> {
  readonly origin?: string
}

export const connection = ({ origin, ...facts }: SampleFacts = {}): Connection => ({
  id: 'request-1',
  at: 0,
  clock: 0,
  peer: '127.0.0.1',
  trusted: false,
  ip: '203.0.113.9',
  ipKey: '203.0.113.9',
  chain: [],
  unvouched: false,
  secure: false,
  host: 'proxy.example',
  path: '/ws',
  query: '',
  header: (name) => (name === 'origin' && origin !== undefined ? [origin] : []),
  protocols: [],
  ...facts,
})

export const finding = (reason: Reason, counted = true, detail = 'why'): Finding => ({
  check: 'domains',
  reason,
  detail,
  counted,
  action: counted ? 'close' : 'none',
})

export const decided = (facts: SampleFacts = {}, more: Partial<Decided> = {}): Decided => ({
  type: 'decided',
  connection: connection(facts),
  route: 'widget',
  findings: [],
  candidates: [],
  url: '/ws?site_token=***',
  tookMs: 1.23456,
  ...more,
})

export const refused = (reason: Reason, code: number, facts: SampleFacts = {}): Decided =>
  decided(facts, { findings: [finding(reason)], refusal: { finding: finding(reason), code } })

export const traffic = (): Traffic => ({ messagesIn: 1, messagesOut: 2, bytesIn: 30, bytesOut: 40 })

export const closed = (more: Partial<Closed> = {}): Closed => ({
  type: 'closed',
  connection: connection(),
  route: 'widget',
  opened: true,
  code: 1000,
  reason: '',
  detail: '',
  initiator: 'client',
  durationMs: 90_000,
  traffic: traffic(),
  violations: new Map(),
  ...more,
})
