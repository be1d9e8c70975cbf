import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { staticKeySet } from '../../src/tokens/key-set.ts'
import { compileKeys, type KeyConfig, weakSecrets } from '../../src/tokens/keys.ts'
import { ed25519, jwk, p256, p384, p521, pem, rsa, SECRET } from './signing.ts'

const SET = staticKeySet(
  JSON.stringify({ keys: [jwk(rsa.publicKey, { kid: 'r', alg: 'RS256' }), jwk(p256.publicKey)] }),
)

const DEFAULTS: readonly [string, KeyConfig, string[]][] = [
  ['secrets', { secrets: [SECRET] }, ['HS256']],
  ['RSA', { publicKey: pem(rsa.publicKey) }, ['RS256']],
  ['P-256', { publicKey: pem(p256.publicKey) }, ['ES256']],
  ['P-384', { publicKey: pem(p384.publicKey) }, ['ES384']],
  ['P-521', { publicKey: pem(p521.publicKey) }, ['ES512']],
  ['Ed25519', { publicKey: pem(ed25519.publicKey) }, ['EdDSA']],
  ['a JWK that names its algorithm', { publicKey: JSON.stringify(jwk(rsa.publicKey, { alg: 'PS384' })) }, ['PS384']],
  ['a key set: what its keys serve', { jwks: SET }, ['ES256', 'RS256']],
  [
    'several',
    { secrets: [SECRET], publicKey: pem(ed25519.publicKey), jwks: SET },
    ['ES256', 'EdDSA', 'HS256', 'RS256'],
  ],
  ['what is configured', { secrets: [SECRET], algorithms: ['HS512', 'HS384'] }, ['HS384', 'HS512']],
]

describe('the algorithms of a key', () => {
  for (const [name, config, expected] of DEFAULTS) {
    test(name, () => assert.deepEqual([...compileKeys(config).algorithms].sort(), expected))
  }
})

const RS = pem(rsa.publicKey)
const ERRORS: readonly [string, KeyConfig, RegExp][] = [
  ['no key at all', {}, /there is no key; give secret, secrets, publicKey or jwks/],
  ['an empty list of secrets', { secrets: [] }, /secrets: the list is empty/],
  ['an empty secret', { secrets: [SECRET, ''] }, /secret: it is empty/],
  ['too many secrets', { secrets: Array.from({ length: 17 }, (_, index) => `s${index}`) }, /at most 16/],
  ['none', { secrets: [SECRET], algorithms: ['none'] }, /"none" means an unsigned token/],
  ['none in another case', { secrets: [SECRET], algorithms: ['NONE'] }, /unsigned token/],
  [
    'a misspelt algorithm',
    { secrets: [SECRET], algorithms: ['hs-256'] },
    /unknown algorithm "hs-256", expected one of HS256, /,
  ],
  [
    'an unknown algorithm',
    { secrets: [SECRET], algorithms: ['sha1'] },
    /unknown algorithm "sha1", expected one of HS256, /,
  ],
  ['an algorithm that is a property', { secrets: [SECRET], algorithms: ['toString'] }, /unknown algorithm/],
  ['an empty list of algorithms', { secrets: [SECRET], algorithms: [] }, /algorithms: the list is empty/],
  [
    'HS256 with a public key',
    { publicKey: RS, algorithms: ['HS256'] },
    /no key serves HS256, it needs a secret \(a public key never/,
  ],
  [
    'RS256 with a secret',
    { secrets: [SECRET], algorithms: ['RS256'] },
    /no key serves RS256, it needs a public key of type RSA/,
  ],
  ['ES256 with RSA', { publicKey: RS, algorithms: ['RS256', 'ES256'] }, /no key serves ES256/],
  ['an algorithm the key set lacks', { jwks: SET, algorithms: ['RS512'] }, /no key serves RS512/],
  ['HS256 with a key set', { jwks: SET, algorithms: ['HS256'] }, /no key serves HS256/],
]

describe('a configuration nobody could mean', () => {
  for (const [name, config, expected] of ERRORS) {
    test(name, () => assert.throws(() => compileKeys(config), expected))
  }

  test('an error never holds a key', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const body = text.split('\n')[1] ?? ''
    assert.throws(
      () => compileKeys({ publicKey: text }),
      (error: Error) => /private key/.test(error.message) && !error.message.includes(body.slice(0, 8)),
    )
  })
})

test('weak secrets are counted by their bytes', () => {
  assert.equal(weakSecrets([]), 0)
  assert.equal(weakSecrets(['x'.repeat(31), 'x'.repeat(32), 'ü'.repeat(16), 'short']), 2)
})
