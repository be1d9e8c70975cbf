import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from '../../src/config/settings.ts'
import type { Rate } from '../../src/settings/rate.ts'
import { good } from '../support/load.ts'

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
  true satisfies Equal<NonNullable<Route['authorize']>[number]['claim'], string>,
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
  assert.deepEqual(config.limits, {})
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
