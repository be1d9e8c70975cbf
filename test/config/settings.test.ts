import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from '../../src/config/settings.ts'
import type { Rate } from '../../src/settings/rate.ts'
import { good, problemsOf } from '../support/load.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Route = Config['routes'][number]

/** Compiles only while the configuration's type is as precise as its declarations. */
const TYPES: readonly true[] = [
  true satisfies Equal<Config['mode'], 'enforce' | 'dry-run'>,
  true satisfies Equal<Config['drain'], { delay: number; timeout: number; jitter: number }>,
  true satisfies Equal<Config['adminToken'], string | undefined>,
  true satisfies Equal<NonNullable<Route['token']>['expiry'], 'enforce' | 'ignore'>,
  true satisfies Equal<NonNullable<Route['token']>['maxAge'], number | undefined>,
  true satisfies Equal<NonNullable<Route['origin']>['allow'], string[]>,
  true satisfies Equal<Route['limits']['frameSize'], number | undefined>,
  true satisfies Equal<Route['limits']['controlFrames'], Rate[] | undefined>,
  true satisfies Equal<NonNullable<Route['authorize']>[number]['claim'], string | undefined>,
]

test('the type of the configuration is precise', () => assert.ok(TYPES.every(Boolean)))

test('defaults of the contract', () => {
  const { config } = good({
    yaml: `upstream: http://127.0.0.1:8000
routes:
  - path: /a
    origin: { allow: same }
    token: { secret: a-secret-of-at-least-thirty-two-bytes-0123456789 }
    domains: {}
`,
  })
  const route = config.routes[0]
  assert.deepEqual(config.listen, { port: 8080 })
  assert.deepEqual(config.ops, { port: 9464 })
  assert.deepEqual(config.admin, { host: '127.0.0.1', port: 9465 })
  assert.deepEqual(config.drain, { delay: 0, timeout: 20_000, jitter: 10_000 })
  assert.equal(config.handshakeTimeout, 10_000)
  assert.equal(config.rejectWith, 'close')
  assert.deepEqual(config.trustedProxies, [])
  assert.deepEqual([config.forwardedHeader, config.proxyProtocol, config.ipv6Prefix], ['x-forwarded-for', false, 64])
  assert.deepEqual(config.limits, { buffered: 256 * 1024 * 1024 })
  assert.equal(route?.origin?.missing, 'reject')
  assert.equal(route?.domains?.absent, 'reject')
  assert.equal(route?.domains?.claim, 'allowed_domains')
  assert.deepEqual(route?.token?.requiredClaims, ['exp'])
  assert.equal(route?.token?.user, 'sub')
  assert.equal(route?.token?.closeOnExpiry, true)
  assert.equal(route?.limits.fragments, 16_384)
  assert.deepEqual(route?.limits.controlFrames, [{ count: 100, windowMs: 1000 }])
  assert.deepEqual(
    [route?.limits.frameSize, route?.limits.messageSize, route?.limits.messages, route?.limits.connections],
    Array(4).fill(undefined),
  )
})

const ADDRESSES: [line: string, problem: string | undefined][] = [
  ['forwardedHeader: CF-Connecting-IP', undefined],
  ['forwardedHeader: Forwarded', undefined],
  ['forwardedHeader: "a b"', 'expected the name of a header, got "a b"'],
  ['forwardedHeader: "x:y"', 'expected the name of a header, got "x:y"'],
  ['forwardedHeader: Host', 'host names no address: expected a header such as x-forwarded-for'],
  [
    'forwardedHeader: sec-websocket-key',
    'sec-websocket-key names no address: expected a header such as x-forwarded-for',
  ],
  ['ipv6Prefix: 1', undefined],
  ['ipv6Prefix: 128', undefined],
  ['ipv6Prefix: 0', 'expected a whole number from 1 to 128, got "0"'],
  ['ipv6Prefix: 129', 'expected a whole number from 1 to 128, got "129"'],
  ['proxyProtocol: v1', 'expected true, false, 1, 0, yes, no, on or off, got "v1"'],
]

for (const [line, problem] of ADDRESSES) {
  test(`settings: ${line}`, () => {
    const yaml = `upstream: http://a\n${line}\n`
    const name = line.split(':')[0]
    if (problem === undefined) return void good({ yaml })
    assert.deepEqual(
      problemsOf({ yaml }).map((text) => text.replace(/^\S+ /, '')),
      [`${name}: ${problem}`],
    )
  })
}

test('the header that names the client is lower-case, as it is looked up', () => {
  assert.equal(
    good({ yaml: 'upstream: http://a\nforwardedHeader: " CF-Connecting-IP "' }).config.forwardedHeader,
    'cf-connecting-ip',
  )
})

test('what a timer waits for is a duration that a timer can have (trap 6)', () => {
  const most = 'expected a duration such as 500ms, 10s, 5m or 1h, at most 24.8d'
  const cases: [yaml: string, problem: RegExp][] = [
    ['handshakeTimeout: 0s', /handshakeTimeout: .*, at least 1ms/],
    ['handshakeTimeout: 600h', new RegExp(`handshakeTimeout: ${most}`)],
    ['drain: { delay: 25d }', new RegExp(`drain.delay: ${most}`)],
    ['drain: { timeout: 25d }', new RegExp(`drain.timeout: ${most}`)],
    ['drain: { jitter: 25d }', new RegExp(`drain.jitter: ${most}`)],
  ]
  for (const [yaml, problem] of cases) {
    assert.match(problemsOf({ yaml: `upstream: http://127.0.0.1:1\n${yaml}\n` }).join('\n'), problem, yaml)
  }
})
