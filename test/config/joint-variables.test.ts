import assert from 'node:assert/strict'
import { test } from 'node:test'
import { good, load, problemsOf } from '../support/load.ts'

const UPSTREAM = { WS_UPSTREAM: 'http://127.0.0.1:1' }
const TOKEN = { WS_TOKEN_SECRET: 'a-secret-of-the-test-that-is-long-enough' }

/** The limits of the one route that variables build. */
const limits = (env: Record<string, string>) => good({ env: { ...UPSTREAM, ...env } }).config.routes[0]?.limits

const SECOND = { count: 10, windowMs: 1000 }
const MINUTE = { count: 100, windowMs: 60_000 }

test('WS_RATE_LIMIT_PER_IP and WS_RATE_LIMIT_WINDOW are one rate; the window is a minute unless given', () => {
  const both = limits({ WS_RATE_LIMIT_PER_IP: '100', WS_RATE_LIMIT_WINDOW: '30' })
  assert.deepEqual(both?.handshakes, { perIp: [{ count: 100, windowMs: 30_000 }] })
  assert.deepEqual(limits({ WS_RATE_LIMIT_PER_IP: '100' })?.handshakes, { perIp: [MINUTE] })
})

const MESSAGES: [name: string, env: Record<string, string>, perConnection: unknown, perUser: unknown][] = [
  ['both', { WS_MAX_MESSAGES_PER_SECOND: '10', WS_MAX_MESSAGES_PER_MINUTE: '100' }, [SECOND, MINUTE], undefined],
  ['one', { WS_MAX_MESSAGES_PER_SECOND: '10' }, [SECOND], undefined],
  ['the other', { WS_MAX_MESSAGES_PER_MINUTE: ' 100 ' }, [MINUTE], undefined],
  ['blank is unset', { WS_MAX_MESSAGES_PER_SECOND: '10', WS_MAX_MESSAGES_PER_MINUTE: '' }, [SECOND], undefined],
  ['per user where there is a token', { WS_MAX_MESSAGES_PER_SECOND: '10', ...TOKEN }, undefined, [SECOND]],
]

for (const [name, env, perConnection, perUser] of MESSAGES) {
  test(`messages: ${name}`, () => {
    const messages = limits(env)?.messages
    assert.deepEqual(
      [messages?.perConnection, messages?.perUser, messages?.onExceed],
      [perConnection, perUser, 'close'],
    )
  })
}

test('unset, and blank, means no limit', () => {
  for (const value of [undefined, '', ' ']) {
    const env = value === undefined ? {} : { WS_RATE_LIMIT_PER_IP: value, WS_MAX_MESSAGES_PER_SECOND: value }
    const route = limits(env)
    assert.deepEqual([route?.handshakes, route?.messages], [undefined, undefined])
  }
})

test('a window alone limits nothing, and that is said', () => {
  const { config, warnings } = good({ env: { ...UPSTREAM, WS_RATE_LIMIT_WINDOW: '60' } })
  assert.equal(config.routes[0]?.limits.handshakes, undefined)
  assert.deepEqual(warnings, ['WS_RATE_LIMIT_WINDOW: limits nothing by itself; set WS_RATE_LIMIT_PER_IP too'])
})

test('what is no number is a problem of its variable', () => {
  for (const value of ['0', '-1', '1e3', '100/min', 'many', '1.5', '9999999999']) {
    const env = { ...UPSTREAM, WS_RATE_LIMIT_PER_IP: value, WS_MAX_MESSAGES_PER_MINUTE: value }
    assert.deepEqual(problemsOf({ env }), [
      `WS_RATE_LIMIT_PER_IP: expected a whole number from 1, got "${value}"`,
      `WS_MAX_MESSAGES_PER_MINUTE: expected a whole number from 1, got "${value}"`,
    ])
  }
  assert.equal(problemsOf({ env: { ...UPSTREAM, WS_RATE_LIMIT_WINDOW: 'x' } }).length, 1)
})

test('beside the routes of a file each is an error that names both places', () => {
  const yaml = 'upstream: http://a\nroutes: [{ path: /* }]\n'
  const env = {
    WS_RATE_LIMIT_PER_IP: '1',
    WS_RATE_LIMIT_WINDOW: '60',
    WS_MAX_MESSAGES_PER_SECOND: '1',
    WS_MAX_MESSAGES_PER_MINUTE: '1',
  }
  const said = (name: string, path: string) =>
    `${name}: cannot be used beside the routes of wsluice.yaml:2:1: remove it, or set ${path} of a route there`
  assert.deepEqual(problemsOf({ yaml, env }), [
    said('WS_RATE_LIMIT_PER_IP', 'limits.handshakes.perIp'),
    said('WS_MAX_MESSAGES_PER_SECOND', 'limits.messages.perConnection'),
    said('WS_RATE_LIMIT_WINDOW', 'limits.handshakes.perIp'),
    said('WS_MAX_MESSAGES_PER_MINUTE', 'limits.messages.perConnection'),
  ])
})

test('WS_PING_INTERVAL_SECONDS and WS_PONG_TIMEOUT_SECONDS are numbers of seconds', () => {
  const session = (env: Record<string, string>) => good({ env: { ...UPSTREAM, ...env } }).config.routes[0]?.session
  assert.deepEqual(session({ WS_PING_INTERVAL_SECONDS: '25', WS_PONG_TIMEOUT_SECONDS: '40' }), {
    ping: 25_000,
    pong: 40_000,
  })
  assert.deepEqual(session({ WS_PING_INTERVAL_SECONDS: '25' }), { ping: 25_000 })
  assert.equal(session({ WS_PING_INTERVAL_SECONDS: ' ', WS_PONG_TIMEOUT_SECONDS: '' }), undefined)
  const wrong: [env: Record<string, string>, problem: string][] = [
    [{ WS_PING_INTERVAL_SECONDS: '25s' }, 'WS_PING_INTERVAL_SECONDS: expected a whole number from 1, got "25s"'],
    [
      { WS_PONG_TIMEOUT_SECONDS: '40' },
      'WS_PONG_TIMEOUT_SECONDS: needs ping: a client that only listens sends nothing unless it is pinged',
    ],
    [
      { WS_PING_INTERVAL_SECONDS: '40', WS_PONG_TIMEOUT_SECONDS: '25' },
      'WS_PONG_TIMEOUT_SECONDS: must exceed ping, or the answer cannot come in time',
    ],
  ]
  for (const [env, problem] of wrong) assert.deepEqual(problemsOf({ env: { ...UPSTREAM, ...env } }), [problem])
})

test('WS_RATE_LIMIT_MAX_IPS is a setting of the process, with routes of a file or without', () => {
  const yaml = 'upstream: http://a\nroutes: [{ path: /* }]\n'
  assert.equal(good({ yaml, env: { WS_RATE_LIMIT_MAX_IPS: '500' } }).config.maxTrackedKeys, 500)
  assert.equal(good({ env: UPSTREAM }).config.maxTrackedKeys, 10_000)
})

test('a mistyped one is pointed out', () => {
  const result = load({ env: { ...UPSTREAM, WS_RATE_LIMIT_PER_IPS: '1' } })
  assert.deepEqual(result.warnings, [
    'WS_RATE_LIMIT_PER_IPS: unknown variable, ignored; did you mean WS_RATE_LIMIT_PER_IP?',
  ])
})
