import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileAnswers, PRESETS, type Preset } from '../../src/policy/answers.ts'
import { REASON_KEYS, type Reason } from '../../src/policy/reasons.ts'

const TOKEN = 'Invalid or expired authentication token'

/** The public contract: close code, text, HTTP status (none where there is no handshake left to refuse). */
const TABLE: Readonly<Record<Reason, [code: number, text: string, http?: number]>> = {
  route_not_found: [4404, 'Not found', 404],
  bad_request: [1008, 'Bad request', 400],
  origin_not_allowed: [1008, 'Origin not allowed', 403],
  origin_missing: [1008, 'Origin not allowed', 403],
  token_missing: [4401, TOKEN, 401],
  token_invalid: [4401, TOKEN, 401],
  token_expired: [4401, TOKEN, 401],
  token_revoked: [4401, TOKEN, 401],
  domain_not_allowed: [4003, 'Domain not allowed', 403],
  access_denied: [1008, 'Access denied', 403],
  resource_not_found: [4404, 'Not found', 404],
  connection_rate: [1008, 'Too many connections', 429],
  too_many_connections: [1008, 'Too many connections', 429],
  message_rate: [1008, 'Rate limit exceeded'],
  byte_rate: [1008, 'Rate limit exceeded'],
  control_rate: [1008, 'Rate limit exceeded'],
  message_invalid: [1007, 'Invalid message'],
  kind_not_allowed: [1003, 'Unsupported data'],
  message_too_big: [1009, 'Message too big'],
  protocol_error: [1002, 'Protocol error'],
  session_idle: [1001, 'Session timeout'],
  session_max_age: [1001, 'Session timeout'],
  pong_timeout: [1001, 'Session timeout'],
  slow_consumer: [1013, 'Try again later'],
  upstream_unreachable: [1014, 'Bad gateway', 502],
  upstream_timeout: [1014, 'Bad gateway', 504],
  overloaded: [1013, 'Try again later', 503],
  shutting_down: [1012, 'Service restart', 503],
  internal_error: [1011, 'Internal error', 500],
  token_timeout: [4408, 'Token timeout', 408],
  address_not_allowed: [1008, 'Access denied', 403],
  session_replaced: [4009, 'Replaced by a newer connection'],
  message_not_allowed: [1008, 'Access denied'],
  outbound_denied: [1011, 'Internal error'],
  ended_by_operator: [1008, 'Connection ended'],
}

/** What each preset changes. */
const CHANGES: Readonly<Record<Preset, Readonly<Partial<Record<Reason, number>>>>> = {
  seeds: {},
  'graphql-ws': {
    token_missing: 4401,
    token_invalid: 4401,
    token_expired: 4401,
    token_revoked: 4401,
    origin_not_allowed: 4403,
    origin_missing: 4403,
    domain_not_allowed: 4403,
    access_denied: 4403,
    token_timeout: 4408,
    connection_rate: 4429,
    too_many_connections: 4429,
    message_rate: 4429,
    byte_rate: 4429,
    control_rate: 4429,
  },
  replyx: {
    token_expired: 4001,
    token_missing: 4002,
    token_invalid: 4002,
    token_revoked: 4002,
    token_timeout: 4002,
    domain_not_allowed: 4003,
    route_not_found: 4004,
    resource_not_found: 4004,
    connection_rate: 4008,
    too_many_connections: 4008,
    message_rate: 4008,
    byte_rate: 4008,
    control_rate: 4008,
  },
}

test('the tables name every reason and preset, and no other', () => {
  assert.deepEqual(new Set(Object.keys(TABLE)), new Set(REASON_KEYS))
  assert.deepEqual(Object.keys(CHANGES), Object.keys(PRESETS))
})

// The keys of a table that is typed as a record of presets.
for (const preset of Object.keys(CHANGES) as Preset[]) {
  const answers = compileAnswers(preset, {})
  for (const reason of REASON_KEYS) {
    const [code, text, http] = TABLE[reason]
    test(`${preset}: ${reason}`, () => {
      const answer = answers[reason]
      assert.deepEqual([answer.code, answer.text], [CHANGES[preset][reason] ?? code, text])
      if (http !== undefined) assert.equal(answer.http, http)
    })
  }
}

test('an override changes one reason, and what it does not say stays', () => {
  const answers = compileAnswers('replyx', {
    token_expired: { code: 4777, text: 'Session expired' },
    token_invalid: { text: 'Bad token' },
    domain_not_allowed: { code: 4999 },
    access_denied: undefined,
  })
  assert.deepEqual(answers.token_expired, { code: 4777, text: 'Session expired', http: 401 })
  assert.deepEqual(answers.token_invalid, { code: 4002, text: 'Bad token', http: 401 })
  assert.deepEqual(answers.domain_not_allowed, { code: 4999, text: 'Domain not allowed', http: 403 })
  assert.deepEqual(answers.access_denied, { code: 1008, text: 'Access denied', http: 403 })
  assert.deepEqual(answers.token_missing, { code: 4002, text: TOKEN, http: 401 })
})
