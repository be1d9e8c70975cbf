import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../src/observe/events.ts'
import { createLog, type LogOptions } from '../../src/observe/log.ts'
import type { Finding } from '../../src/policy/finding.ts'
import { closed, connection, decided, finding, refused } from './sample.ts'

const NOW = Date.UTC(2026, 10, 20, 12, 30, 15, 250)
const IFRAME = { type: 'iframe', origin: 'https://widget.example' } as const
const TOKEN = { source: 'query:site_token', hash: '0123456789ab', length: 300, preview: 'eyJhbGci' }

type LoggedLine = Readonly<Record<string, unknown>>

function linesOf(events: readonly Event[], options: Partial<LogOptions> = {}): string[] {
  const lines: string[] = []
  const log = createLog({ level: 'debug', write: (line) => lines.push(line), now: () => NOW, ...options })
  for (const event of events) log(event)
  return lines
}

function logged(event: Event, options: Partial<LogOptions> = {}): LoggedLine {
  const [line = '{}'] = linesOf([event], options)
  return JSON.parse(line)
}

test('log: an admitted handshake, every field', () => {
  const line = logged(
    decided({ user: 'ann', origin: 'https://app.example', parentOrigin: 'https://shop.example', token: TOKEN }),
  )
  assert.deepEqual(line, {
    level: 'info',
    time: '2026-11-20T12:30:15.250Z',
    event: 'decided',
    route: 'widget',
    type: 'direct',
    ip: '203.0.113.9',
    user: 'ann',
    origin: 'https://app.example',
    parent_origin: 'https://shop.example',
    request_id: 'request-1',
    outcome: 'admitted',
    duration_ms: 1.235,
    url: '/ws?site_token=***',
    token_hash: '0123456789ab',
    token_length: 300,
    token_source: 'query:site_token',
    msg: 'admitted',
  })
})

test('log: a refusal says check, reason, code and detail', () => {
  const line = logged(refused('token_expired', 4401))
  assert.deepEqual(
    [line.level, line.outcome, line.check, line.reason, line.code, line.detail, line.msg],
    ['warn', 'rejected', 'domains', 'token_expired', 4401, 'why', 'rejected: token_expired'],
  )
  assert.ok(!('findings' in line))
})

test('log: a would-be refusal is admitted, and the first finding is told with the code in force', () => {
  const findings = [finding('origin_not_allowed', false, 'first'), finding('token_expired', false, 'second')]
  const line = logged(decided({}, { findings }), { codeOf: (reason) => (reason === 'origin_not_allowed' ? 4403 : 1) })
  assert.deepEqual(
    [line.level, line.outcome, line.reason, line.code, line.detail],
    ['warn', 'would_reject', 'origin_not_allowed', 4403, 'first'],
  )
  assert.deepEqual(line.findings, [
    { check: 'domains', reason: 'origin_not_allowed', outcome: 'would_reject', detail: 'first' },
    { check: 'domains', reason: 'token_expired', outcome: 'would_reject', detail: 'second' },
  ])
})

test('log: the refusal that counted decides the line, not the would-be one before it', () => {
  const counted = finding('token_missing')
  const findings = [finding('domain_not_allowed', false), counted]
  const line = logged(decided({}, { findings, refusal: { finding: counted, code: 4401 } }))
  assert.deepEqual([line.outcome, line.reason, line.msg], ['rejected', 'token_missing', 'rejected: token_missing'])
})

const FORBIDDEN =
  'Forbidden domain: origin=https://evil.example, parent_origin=- for site_token eyJhbGci… code=4003 FORBIDDEN_DOMAIN'
const SCENARIO =
  'Iframe scenario: origin=https://widget.example (trusted), validating parent_origin=https://evil.example'
const DOMAIN = 'domain_not_allowed'
const EVIL = { origin: 'https://evil.example', token: TOKEN }
const EVIL_PARENT = { ...IFRAME, parentOrigin: 'https://evil.example', token: TOKEN }

const MESSAGES: [name: string, event: Event, msg: string][] = [
  ['a domain refusal', refused(DOMAIN, 4003, EVIL), FORBIDDEN],
  ['a would-be domain refusal', decided(EVIL, { findings: [finding(DOMAIN, false)] }), FORBIDDEN],
  [
    'a would-be domain refusal after another',
    decided(EVIL, { findings: [finding('origin_not_allowed', false), finding(DOMAIN, false)] }),
    FORBIDDEN,
  ],
  [
    'a domain refusal with an overridden code, no Origin, a short token',
    refused(DOMAIN, 4403, { token: { ...TOKEN, preview: '' } }),
    'Forbidden domain: origin=-, parent_origin=- for site_token … code=4403 FORBIDDEN_DOMAIN',
  ],
  ['an iframe that is admitted', decided(EVIL_PARENT), SCENARIO],
  [
    'an iframe whose parent is refused',
    refused(DOMAIN, 4003, EVIL_PARENT),
    `Forbidden domain: origin=https://widget.example, parent_origin=https://evil.example for site_token eyJhbGci… code=4003 FORBIDDEN_DOMAIN. ${SCENARIO}`,
  ],
  [
    'an iframe refused for another reason',
    refused('access_denied', 1008, EVIL_PARENT),
    `rejected: access_denied. ${SCENARIO}`,
  ],
  [
    'an iframe that names no parent',
    refused(DOMAIN, 4003, IFRAME),
    'Forbidden domain: origin=https://widget.example, parent_origin=- for site_token … code=4003 FORBIDDEN_DOMAIN. Iframe scenario: origin=https://widget.example (trusted), validating parent_origin=-',
  ],
]

for (const [name, event, msg] of MESSAGES) {
  test(`log: the message of ${name}`, () => assert.equal(logged(event).msg, msg))
}

const client = connection()
const EVENTS: [event: Event, expected: LoggedLine][] = [
  [
    closed({
      code: 1008,
      reason: 'message_rate',
      detail: '11/s',
      initiator: 'proxy',
      violations: new Map([['message_rate', 3]]),
    }),
    {
      level: 'info',
      event: 'closed',
      reason: 'message_rate',
      code: 1008,
      duration_ms: 90_000,
      messages_in: 1,
      messages_out: 2,
      bytes_in: 30,
      bytes_out: 40,
      initiator: 'proxy',
      detail: '11/s',
      violations: { message_rate: 3 },
      msg: 'closed by proxy with 1008',
    },
  ],
  [
    { type: 'answered', connection: client, route: 'widget', result: 'success', tookMs: 2 },
    { level: 'debug', event: 'answered', outcome: 'success', duration_ms: 2 },
  ],
  [
    { type: 'answered', connection: client, route: 'widget', result: 'upstream_error', tookMs: 2 },
    { level: 'warn', event: 'answered', outcome: 'upstream_error' },
  ],
  [
    { type: 'violated', connection: client, route: 'widget', finding: finding('message_too_big') },
    { level: 'warn', event: 'violated', reason: 'message_too_big', outcome: 'rejected', check: 'domains' },
  ],
  [
    { type: 'violated', connection: client, route: '', finding: finding('message_too_big', false) },
    { level: 'warn', route: 'none', outcome: 'would_reject', msg: 'frame would be refused: message_too_big' },
  ],
  [
    { type: 'violated', connection: client, route: '', finding: { ...finding('message_rate'), action: 'drop' } },
    { level: 'warn', action: 'drop', outcome: 'rejected', msg: 'message dropped: message_rate' },
  ],
  [
    { type: 'violated', connection: client, route: '', finding: { ...finding('message_rate'), action: 'delay' } },
    { level: 'warn', action: 'delay', outcome: 'rejected', msg: 'message delayed: message_rate' },
  ],
  [
    {
      type: 'violated',
      connection: client,
      route: '',
      finding: finding('session_replaced', false),
      subject: 'connection',
    },
    { level: 'warn', outcome: 'would_reject', msg: 'connection would be ended: session_replaced' },
  ],
  [
    {
      type: 'violated',
      connection: client,
      route: '',
      finding: { ...finding('message_rate', false), action: 'candidate', check: 'candidate.messages' },
    },
    { level: 'warn', check: 'candidate.messages', action: 'candidate', outcome: 'would_reject' },
  ],
  [
    { type: 'malformed', peer: '198.51.100.7', status: 400, detail: 'no key' },
    { level: 'warn', event: 'malformed', ip: '198.51.100.7', code: 400, detail: 'no key' },
  ],
  [
    { type: 'started', listeners: { listen: '127.0.0.1:8080' }, mode: 'enforce', wire: 'fast' },
    { level: 'info', event: 'started', listeners: { listen: '127.0.0.1:8080' }, mode: 'enforce', wire: 'fast' },
  ],
  [
    { type: 'warning', message: 'set trustedProxies' },
    { level: 'warn', event: 'warning', msg: 'set trustedProxies' },
  ],
  [{ type: 'reloaded' }, { level: 'info', event: 'reloaded' }],
  [
    { type: 'reload_failed', problems: ['a', 'b'] },
    { level: 'error', event: 'reload_failed', problems: ['a', 'b'] },
  ],
  [
    { type: 'keys', url: 'https://[hidden]@id.example/jwks?[hidden]', outcome: 'failed', detail: 'timeout' },
    {
      level: 'warn',
      event: 'keys',
      url: 'https://[hidden]@id.example/jwks?[hidden]',
      outcome: 'failed',
      detail: 'timeout',
    },
  ],
  [
    { type: 'upstream_failed', upstream: 'http://127.0.0.1:8000', detail: 'ECONNREFUSED' },
    { level: 'warn', event: 'upstream_failed', upstream: 'http://127.0.0.1:8000', detail: 'ECONNREFUSED' },
  ],
  [
    { type: 'draining', open: 3 },
    { level: 'info', event: 'draining', open: 3 },
  ],
  [
    { type: 'drained', forced: 1 },
    { level: 'info', event: 'drained', forced: 1 },
  ],
  [
    { type: 'administered', action: 'reload', peer: '127.0.0.1', detail: '' },
    { level: 'info', event: 'administered', action: 'reload', ip: '127.0.0.1' },
  ],
  [{ type: 'stopped' }, { level: 'info', event: 'stopped' }],
]

for (const [event, expected] of EVENTS) {
  test(`log: ${event.type}, ${expected.level}`, () => {
    const line = logged(event)
    assert.deepEqual({ ...line, ...expected }, line)
  })
}

test('log: hostile text stays one bounded line', () => {
  const hostile = `${'x'.repeat(200)}\r\n{"event":"decided"}\u001b[2J\u009b${'y'.repeat(5000)}`
  const event = decided(
    { origin: hostile, parentOrigin: hostile, user: hostile, id: hostile, ...{ type: 'iframe' as const } },
    {
      findings: [finding('domain_not_allowed', true, hostile)],
      refusal: { finding: finding('domain_not_allowed', true, hostile), code: 4003 },
    },
  )
  const lines = linesOf([event])
  assert.equal(lines.length, 1)
  const [text = ''] = lines
  assert.equal(text.indexOf('\n'), text.length - 1)
  assert.ok(text.length < 6000, `${text.length}`)
  assert.doesNotMatch(text.trimEnd(), /\p{Cc}/u)
  const line: LoggedLine = JSON.parse(text)
  assert.equal(line.event, 'decided')
  assert.equal(String(line.origin).length, 257)
  assert.equal(String(line.detail).length, 513)
})

test('log: of a token only its facts are written', () => {
  const query = 'site_token=eyJhbGciOiJIUzI1NiJ9.secret.signature'
  const [text = ''] = linesOf([
    refused('domain_not_allowed', 4003, { query, protocols: ['bearer', 'secret'], token: TOKEN }),
  ])
  assert.doesNotMatch(text, /secret|eyJhbGciO/)
})

test('log: events below the level are not written', () => {
  const events: Event[] = [decided(), refused('token_missing', 4401), closed(), { type: 'reload_failed', problems: [] }]
  assert.equal(linesOf(events, { level: 'warn' }).length, 2)
  assert.equal(linesOf(events, { level: 'silent' }).length, 0)
})

test('decided: what a candidate would refuse is said, and the handshake is admitted all the same', () => {
  const candidate: Finding = {
    ...finding('connection_rate', false),
    check: 'candidate.handshakes',
    action: 'candidate',
  }
  const line = logged(decided({}, { candidates: [candidate] }))
  assert.deepEqual([line.level, line.outcome, line.reason, line.msg], ['info', 'admitted', undefined, 'admitted'])
  assert.deepEqual(line.findings, [
    { check: 'candidate.handshakes', reason: 'connection_rate', outcome: 'would_reject', detail: 'why' },
  ])
})
