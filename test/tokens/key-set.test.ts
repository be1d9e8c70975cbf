import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseKeySet, servedAlgorithms, staticKeySet, UnusableKeySet } from '../../src/tokens/key-set.ts'
import { ed25519, jwk, p256, rsa } from './signing.ts'

const a = jwk(rsa.publicKey, { kid: 'a', alg: 'RS256' })
const b = jwk(p256.publicKey, { kid: 'b' })
const nameless = jwk(ed25519.publicKey)
const text = (...keys: unknown[]) => JSON.stringify({ keys })

const FOUND: readonly [string, Parameters<ReturnType<typeof staticKeySet>['find']>[0], number][] = [
  ['by algorithm and kid', { algorithm: 'RS256', kid: 'a' }, 1],
  ['by algorithm where the token has no kid', { algorithm: 'ES256', kid: undefined }, 1],
  ['not another kid', { algorithm: 'RS256', kid: 'b' }, 0],
  ['not another algorithm than the key names', { algorithm: 'PS256', kid: 'a' }, 0],
  ['not a key without kid for a token with one', { algorithm: 'EdDSA', kid: 'x' }, 0],
  ['nothing for HMAC', { algorithm: 'HS256', kid: undefined }, 0],
]

describe('a key of a file is found', () => {
  const set = staticKeySet(text(a, b, nameless))
  for (const [name, query, count] of FOUND) {
    test(name, () => {
      const found = set.find(query)
      assert.ok(Array.isArray(found))
      assert.equal(found.length, count)
    })
  }

  test('and the set knows what it serves', () => {
    assert.deepEqual(servedAlgorithms(set), ['RS256', 'ES256', 'EdDSA', 'Ed25519'])
  })

  test('without a kid only so many are tried', () => {
    const many = staticKeySet(text(...Array.from({ length: 20 }, (_, index) => ({ ...b, kid: `k${index}` }))))
    const found = many.find({ algorithm: 'ES256', kid: undefined })
    assert.ok(Array.isArray(found))
    assert.equal(found.length, 8)
  })
})

const REFUSED: readonly [string, string, RegExp][] = [
  ['no JSON', 'secret words', /^Error: jwks: the file is not JSON$/],
  ['no keys', '{}', /has no "keys" array/],
  ['an array', '[]', /has no "keys" array/],
  ['null', 'null', /has no "keys" array/],
  ['keys no array', '{"keys":{}}', /has no "keys" array/],
  ['no usable key', text({ kty: 'AKP' }), /no usable key, expected/],
  ['shared secrets', text({ kty: 'oct', k: 'AA' }), /give it as secret/],
  ['a private key', text(a, jwk(p256.privateKey)), /holds a private key/],
  ['101 keys', text(...Array.from({ length: 101 }, () => b)), /holds 101 keys, at most 100/],
]

describe('a file is refused', () => {
  for (const [name, content, expected] of REFUSED)
    test(name, () => assert.throws(() => staticKeySet(content), expected))
})

test('what is not understood is counted, and the content hash is of the rest, in any order', () => {
  const set = parseKeySet(text(a, { kty: 'oct', k: 'AA' }, b, 7, jwk(rsa.privateKey)))
  assert.deepEqual(set.ignored, { private: 1, symmetric: 1, unusable: 1 })
  assert.equal(set.content, parseKeySet(text(b, a)).content)
  assert.notEqual(set.content, parseKeySet(text(a)).content)
  assert.notEqual(set.content, parseKeySet(text(a, { ...b, kid: 'c' })).content)
  assert.throws(() => parseKeySet('{'), UnusableKeySet)
})
