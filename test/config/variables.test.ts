import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ROOT, VARIABLES } from '../../src/config/all.ts'
import { isVariableNotYet } from '../../src/config/not-yet.ts'
import { eachSection, fieldAt, fileName } from '../../src/config/shape.ts'
import { fileVariable } from '../../src/config/variables.ts'

const NAMES: [variable: string, setting: string][] = [
  ['WS_LISTEN', 'process listen'],
  ['WS_UPSTREAM', 'process upstream'],
  ['WS_OPS_LISTEN', 'process ops'],
  ['WS_ADMIN_LISTEN', 'process admin'],
  ['WS_ADMIN_TOKEN', 'process adminToken'],
  ['WS_MODE', 'process mode'],
  ['WS_LOG_LEVEL', 'process logLevel'],
  ['WS_TRUSTED_PROXIES', 'process trustedProxies'],
  ['WS_DRAIN_TIMEOUT', 'process drain.timeout'],
  ['WS_HANDSHAKE_TIMEOUT', 'process handshakeTimeout'],
  ['WS_CLOSE_CODES_TOKEN_EXPIRED_CODE', 'process closeCodes.token_expired.code'],
  ['WS_LIMITS_CONNECTIONS_TOTAL', 'process limits.connections.total'],
  ['WS_ALLOWED_ORIGINS', 'route origin.allow'],
  ['WS_TOKEN_SECRET', 'route token.secret'],
  ['WS_TOKEN_JWKS', 'route token.jwks'],
  ['WS_TOKEN_FROM', 'route token.from'],
  ['WS_TOKEN_ISSUER', 'route token.issuer'],
  ['WS_TOKEN_AUDIENCE', 'route token.audience'],
  ['WS_TOKEN_ALGORITHMS', 'route token.algorithms'],
  ['WS_TOKEN_PUBLIC_KEY', 'route token.publicKey'],
  ['WS_TOKEN_USER', 'route token.user'],
  ['WS_DOMAIN_CLAIM', 'route domains.claim'],
  ['WS_PARENT_ORIGIN', 'route domains.parentOrigin'],
  ['WS_TRUSTED_IFRAME_HOSTS', 'route domains.iframeHosts'],
  ['WS_MAX_CONNECTIONS_PER_USER', 'route limits.connections.perUser'],
  ['WS_MAX_CONNECTIONS_PER_IP', 'route limits.connections.perIp'],
  ['WS_MAX_TOTAL_CONNECTIONS', 'route limits.connections.total'],
]

const settingOf = new Map(VARIABLES.map(({ name, place, path }) => [name, `${place} ${path.join('.')}`]))

for (const [variable, setting] of NAMES) test(variable, () => assert.equal(settingOf.get(variable), setting))

test('no two settings share a variable, the file of a secret included', () => {
  const all = VARIABLES.flatMap(({ name, field }) => (field.secret ? [name, fileVariable(name)] : [name]))
  assert.deepEqual(all.toSorted(), [...new Set(all)].toSorted())
})

test('a variable is served or refused, not both', () => {
  assert.deepEqual(
    VARIABLES.filter(({ name }) => isVariableNotYet(name)),
    [],
  )
})

test('every setting is documented, and no name is that of a secret’s file', () => {
  const undocumented: string[] = []
  eachSection(
    ROOT,
    { closeCodes: {}, limits: { connections: { perKey: {} } }, drain: {}, routes: [{}] },
    ({ fields }) => {
      for (const { name, doc } of fields.values()) if (doc === '') undocumented.push(name)
      for (const { name, secret } of fields.values()) assert.ok(!secret || !fields.has(fileName(name)))
    },
  )
  assert.deepEqual(undocumented, [])
})

test('a setting is found by its path', () => {
  assert.equal(fieldAt(ROOT, ['routes', 3, 'token', 'secrets', 1])?.secret, true)
  assert.equal(fieldAt(ROOT, ['routes', 0, 'token', 'publicKey'])?.file, true)
  assert.equal(fieldAt(ROOT, ['routes', 0])?.name, 'routes')
  assert.equal(fieldAt(ROOT, ['routes', 0, 'authorize', 0, 'equals'])?.name, 'equals')
  for (const path of [['nothing'], ['listen', 'x'], ['routes', 'x'], ['__proto__'], [0], []]) {
    assert.equal(fieldAt(ROOT, path), undefined, path.join('.'))
  }
})
