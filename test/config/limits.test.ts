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
    'messages without a rate',
    'messages: {}',
    /limits\.messages: limits nothing: give it perConnection, perUser, perIp or/,
  ],
  ['bytes without a rate', 'bytes: { onExceed: drop }', /limits\.bytes: limits nothing/],
  ['rates that are none', 'messages: { perConnection: [], mode: dry-run }', /limits\.messages: limits nothing/],
  ['handshakes without a rate', 'handshakes: {}', /limits\.handshakes: limits nothing: give it perIp/],
  ['an empty list of rates', 'handshakes: { perIp: [] }', /limits\.handshakes: limits nothing: give it perIp/],
  [
    'connections without a number',
    'connections: { mode: dry-run }',
    /limits\.connections: limits nothing: give it perIp,/,
  ],
  ['no candidate', 'candidate: {}', /limits\.candidate: tries nothing: give it a limit/],
  ['a candidate without a rate', 'candidate: { messages: {} }', /limits\.candidate\.messages: limits nothing/],
  ['maxDelay without delay', 'messages: { perConnection: 1/s, maxDelay: 5s }', /maxDelay: nothing is delayed/],
  [
    'a notice where nothing closes',
    'messages: { perConnection: 1/s, onExceed: drop, notice: hi }',
    /limits\.messages\.notice: nothing is closed/,
  ],
  [
    'closeAfterDrops without drop',
    'messages: { perConnection: 1/s, closeAfterDrops: 2 }',
    /closeAfterDrops: nothing is dropped/,
  ],
  ['an unknown action', 'messages: { perConnection: 1/s, onExceed: queue }', /onExceed: expected close, drop or delay/],
  ['an empty notice', 'messages: { notice: "" }', /notice: expected a text, or an object/],
  ['a notice that is a list', 'messages: { notice: [a] }', /notice: expected a text, or an object/],
  ['a long notice', `messages: { notice: "${'ü'.repeat(2049)}" }`, /notice: expected at most 4096 bytes/],
  ['a rate that is none', 'handshakes: { perIp: many }', /handshakes\.perIp.*: expected a rate/],
  [
    'a mode of a candidate',
    'candidate: { messages: { perIp: 1/s, mode: dry-run } }',
    /candidate\.messages\.mode: unknown key/,
  ],
  [
    'an action of a candidate',
    'candidate: { messages: { perIp: 1/s, onExceed: drop } }',
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

test('limits by address without trusted proxies are warned about, once for each place', () => {
  assert.match(
    warnings(route('handshakes: { perIp: 1/s }, connections: { perIp: 2 }, bytes: { perIp: [1/s] }')).join(),
    /^route chat: limits\.(?:handshakes|connections|bytes)\.perIp(?:, limits\.\w+\.perIp){2} without trustedProxies/,
  )
  assert.match(
    warnings(route('handshakes: { perIp: 1/s }')).join(),
    /^route chat: limits\.handshakes\.perIp without trustedProxies/,
  )
  assert.match(
    warnings('upstream: http://a\nlimits: { handshakes: { perIp: 1/s } }\n').join(),
    /^limits\.handshakes\.perIp/,
  )
  for (const silent of [
    route(''),
    route('messages: { perConnection: 1/s, perIp: [] }'),
    `listen: unix:/w.sock\ntrustedProxies: [unix]\n${route('messages: { perIp: 1/s }')}`,
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

test('an empty variable makes no section', () => {
  const env = {
    WS_UPSTREAM: 'http://a',
    WS_RATE_LIMIT_PER_IP: '',
    WS_MAX_MESSAGES_PER_SECOND: '',
    WS_MAX_CONNECTIONS_PER_IP: '',
  }
  const { config } = good({ env })
  assert.deepEqual([config.routes[0]?.limits.handshakes, config.routes[0]?.limits.messages], [undefined, undefined])
})

const NEVER: [name: string, yaml: string, warnings: string[]][] = [
  ['no frame size', route('bytes: { perConnection: 1KiB/s }'), []],
  ['the same', route('frameSize: 1KiB, bytes: { perConnection: 1KiB/s }'), []],
  [
    'the smallest of several rates',
    route('frameSize: 2KiB, bytes: { perConnection: [1KiB/s, 10KiB/min] }'),
    [
      'route chat: a frame of more than 1024 bytes never fits limits.bytes, and frameSize allows 2048: raise the rate, or lower frameSize',
    ],
  ],
  [
    'the smaller frame size holds',
    `limits: { frameSize: 1KiB }\n${route('frameSize: 2KiB, bytes: { total: 1KiB/s }')}`,
    [],
  ],
  [
    'over all routes',
    `limits: { frameSize: 1KiB, bytes: { total: 10B/s } }\n${route('')}`,
    [
      'route chat: a frame of more than 10 bytes never fits limits.bytes, and frameSize allows 1024: raise the rate, or lower frameSize',
    ],
  ],
]

for (const [name, yaml, expected] of NEVER) {
  test(`a frame that fits no byte rate is warned about: ${name}`, () => {
    assert.deepEqual(
      good({ yaml }).warnings.filter((warning) => /never fits/.test(warning)),
      expected,
    )
  })
}

const UNKEPT: [name: string, yaml: string, warnings: string[]][] = [
  ['nothing is read', `limits: { buffered: 1KiB }\n${route('')}`, []],
  ['it is enough', `limits: { buffered: 64KiB }\n${route('messageSize: 64KiB', 'messages: { maxKeys: 9 },')}`, []],
  ['the kind alone', `limits: { buffered: 1KiB }\n${route('', 'messages: { kinds: [text] },')}`, []],
  [
    'messages of the size that is meant where none is set',
    `limits: { buffered: 64KiB }\n${route('', 'messages: { maxKeys: 9 },')}`,
    [
      'route chat: messages of up to 1048576 bytes are read, and limits.buffered keeps 65536 of all: raise it, or lower messageSize',
    ],
  ],
  [
    "the backend's",
    route('', 'outbound: { fields: [key], messageSize: 512MiB },'),
    [
      'route chat: messages of up to 536870912 bytes are read, and limits.buffered keeps 268435456 of all: raise it, or lower messageSize',
    ],
  ],
]

for (const [name, yaml, expected] of UNKEPT) {
  test(`messages that are read and cannot be kept are warned about: ${name}`, () => {
    assert.deepEqual(
      good({ yaml }).warnings.filter((warning) => /limits\.buffered/.test(warning)),
      expected,
    )
  })
}
