/** The settings of limits: what is read, what is refused, and what is warned about. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { good, problemsOf } from '../support/load.ts'

const route = (limits: string, more = '') =>
  `upstream: http://a\nroutes: [{ name: chat, ${more} limits: { ${limits} } }]\n`

const TOKEN = 'token: { secret: a-secret-of-the-test-that-is-long-enough },'

const limitsOf = (limits: string, more = '') => good({ yaml: route(limits, more) }).config.routes[0]?.limits

test('rates of messages and bytes, and what becomes of an excess', () => {
  const { messages, bytes } =
    limitsOf(
      'messages: { perConnection: [10/s, 100/min], perUser: [], onExceed: drop, closeAfterDrops: 5, notice: { type: error } }, bytes: { perUser: 1MiB/s, onExceed: delay, maxDelay: 2s, notice: Slow down }',
      TOKEN,
    ) ?? {}
  assert.deepEqual(messages, {
    perConnection: [
      { count: 10, windowMs: 1000 },
      { count: 100, windowMs: 60_000 },
    ],
    perUser: [],
    onExceed: 'drop',
    closeAfterDrops: 5,
    maxDelay: 5000,
    notice: '{"type":"error"}',
  })
  assert.deepEqual(bytes, {
    perUser: [{ count: 1_048_576, windowMs: 1000 }],
    onExceed: 'delay',
    maxDelay: 2000,
    notice: 'Slow down',
  })
})

test('nothing is limited unless a setting says so', () => {
  const { handshakes, messages, bytes, candidate } = limitsOf('') ?? {}
  assert.deepEqual([handshakes, messages, bytes, candidate], [undefined, undefined, undefined, undefined])
})

const WRONG: [name: string, limits: string, problem: RegExp][] = [
  ['perUser without a token', 'messages: { perUser: 1/s }', /limits\.messages\.perUser: the user is named by a token/],
  ['of bytes too', 'bytes: { perUser: 1/s }', /limits\.bytes\.perUser: the user is named by a token/],
  ['of a candidate too', 'candidate: { messages: { perUser: 1/s } }', /limits\.candidate\.messages\.perUser: the user/],
  [
    'closeAfterDrops without drop',
    'messages: { perConnection: 1/s, closeAfterDrops: 2 }',
    /closeAfterDrops: nothing is dropped/,
  ],
  ['an unknown action', 'messages: { onExceed: queue }', /onExceed: expected close, drop or delay/],
  ['an empty notice', 'messages: { notice: "" }', /notice: expected a text, or an object/],
  ['a notice that is a list', 'messages: { notice: [a] }', /notice: expected a text, or an object/],
  ['a long notice', `messages: { notice: "${'ü'.repeat(2049)}" }`, /notice: expected at most 4096 bytes/],
  ['a rate that is none', 'handshakes: { perIp: many }', /handshakes\.perIp.*: expected a rate/],
  ['a mode of a candidate', 'candidate: { messages: { mode: dry-run } }', /candidate\.messages\.mode: unknown key/],
  [
    'an action of a candidate',
    'candidate: { messages: { onExceed: drop } }',
    /candidate\.messages\.onExceed: unknown key/,
  ],
  ['a mode of all candidates', 'candidate: { mode: dry-run }', /candidate\.mode: unknown key/],
  ['an unknown candidate', 'candidate: { message: {} }', /candidate\.message: unknown key, did you mean "messages"/],
]

for (const [name, limits, problem] of WRONG) {
  test(`refused: ${name}`, () => {
    const problems = problemsOf({ yaml: route(limits) })
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', problem)
  })
}

test('maxTrackedKeys is bounded', () => {
  for (const value of ['0', '-1', '1000001', 'many']) {
    const problems = problemsOf({ yaml: `upstream: http://a\nmaxTrackedKeys: ${value}\n` })
    assert.match(problems.join(), /maxTrackedKeys: expected a whole number from 1 to 1000000/)
  }
})

const warnings = (yaml: string) => good({ yaml }).warnings.filter((warning) => /trustedProxies/.test(warning))

test('a rate of handshakes by address without trusted proxies is warned about, once for each place', () => {
  assert.match(
    warnings(route('handshakes: { perIp: 1/s }')).join(),
    /^route chat: limits\.handshakes\.perIp without trustedProxies/,
  )
  assert.match(
    warnings('upstream: http://a\nlimits: { handshakes: { perIp: 1/s } }\n').join(),
    /^limits\.handshakes\.perIp/,
  )
  for (const silent of [
    route('handshakes: { perIp: [] }'),
    route('handshakes: {}'),
    route('messages: { perIp: 1/s }'),
    `trustedProxies: [private]\n${route('handshakes: { perIp: 1/s }')}`,
  ]) {
    assert.deepEqual(warnings(silent), [])
  }
})

test('variables of connections are of the limits in force, not of candidates', () => {
  const { config } = good({ env: { WS_UPSTREAM: 'http://a', WS_MAX_CONNECTIONS_PER_IP: '5' } })
  const limits = config.routes[0]?.limits
  assert.deepEqual([limits?.connections?.perIp, limits?.candidate], [5, undefined])
})
