import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { importJwk, readPublicKey } from '../../src/tokens/verify-key.ts'
import { ed25519, jwk, p256, pem, rsa } from './signing.ts'

/** Self-signed for this test, P-256; its validity is not what is read of it. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBcTCCARmgAwIBAgIUEoAEXaZ5tFQXOQj2GmaYfDU18y8wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAeFw0yNjExMjEwMzE1MjhaFw0zNjExMTgwMzE1Mjha
MA8xDTALBgNVBAMMBHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASf8PnU
hFtpygCcg9mEUqEFZzclklVr7IxZuc/2I5TRl+jOC7/wkzjBZzOyFVHD1+Wq3diy
RTayCUYtg5nnfauNo1MwUTAdBgNVHQ4EFgQUt0rmVesjKFYAGnUkb8OA5JxZ3uUw
HwYDVR0jBBgwFoAUt0rmVesjKFYAGnUkb8OA5JxZ3uUwDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNGADBDAiBmagdee+0RCsOPPXdEYKR81hxazdXiyW4bASrI
JQN9QwIfHQvSRiZgBPag2iEm5Y1YrmkfrtOeXpOq4knSkA5gxg==
-----END CERTIFICATE-----`

const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey
const x25519 = generateKeyPairSync('x25519').publicKey
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey

const READABLE: readonly [string, string, string][] = [
  ['SPKI', pem(rsa.publicKey), 'RSA'],
  ['PKCS#1', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(), 'RSA'],
  ['a certificate', CERTIFICATE, 'P-256'],
  ['text around it', `\n\n${pem(ed25519.publicKey)}\n`, 'Ed25519'],
  ['a JWK', JSON.stringify(jwk(p256.publicKey)), 'P-256'],
  ['a JWK with its use', ` ${JSON.stringify(jwk(ed25519.publicKey, { use: 'sig', alg: 'EdDSA' }))}`, 'Ed25519'],
]

describe('a public key is read from', () => {
  for (const [name, text, shape] of READABLE) test(name, () => assert.equal(readPublicKey(text).shape, shape))
})

const pkcs8 = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const UNREADABLE: readonly [string, string, RegExp][] = [
  ['nothing', '', /unreadable key, expected PEM/],
  ['words', 'my key', /unreadable key/],
  ['a broken PEM', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', /unreadable key/],
  ['a private key', pkcs8, /this is a private key/],
  ['a private key behind a public one', pem(rsa.publicKey) + pkcs8, /this is a private key/],
  ['a PKCS#1 private key', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(), /this is a private key/],
  ['a SEC1 private key', p256.privateKey.export({ type: 'sec1', format: 'pem' }).toString(), /this is a private key/],
  ['a private JWK', JSON.stringify(jwk(p256.privateKey)), /this is a private key/],
  ['a symmetric JWK', '{"kty":"oct","k":"c2VjcmV0"}', /shared secret .* give it as secret/],
  ['a key set', '{"keys":[]}', /give it as jwks/],
  ['broken JSON', '{"kty":', /unreadable JWK/],
  ['a JWK of an unknown kind', '{"kty":"AKP"}', /unreadable JWK/],
  ['a JWK for encryption', JSON.stringify(jwk(rsa.publicKey, { use: 'enc' })), /unreadable JWK/],
  ['a short RSA key', pem(weak), /shorter than 2048 bits/],
  ['another curve', pem(secp256k1), /type ec is not supported/],
  ['a key for agreement', pem(x25519), /type x25519 is not supported/],
  ['an RSA-PSS key', pem(pss), /type rsa-pss is not supported/],
]

describe('a public key is not', () => {
  for (const [name, text, expected] of UNREADABLE) test(name, () => assert.throws(() => readPublicKey(text), expected))
})

const JWKS: readonly [string, unknown, string][] = [
  ['null', null, 'unusable'],
  ['a string', 'key', 'unusable'],
  ['an array', [], 'unusable'],
  ['no kty', {}, 'unusable'],
  ['symmetric', { kty: 'oct', k: 'AA' }, 'symmetric'],
  ['private', jwk(ed25519.privateKey), 'private'],
  ['for signing only', jwk(rsa.publicKey, { key_ops: ['sign'] }), 'unusable'],
  ['key_ops no array', jwk(rsa.publicKey, { key_ops: 'verify' }), 'unusable'],
  ['an algorithm of another kind', jwk(rsa.publicKey, { alg: 'ES256' }), 'unusable'],
  ['HMAC with a public key', jwk(rsa.publicKey, { alg: 'HS256' }), 'unusable'],
  ['an encryption algorithm', jwk(rsa.publicKey, { alg: 'RSA-OAEP' }), 'unusable'],
  ['a point off the curve', { ...jwk(p256.publicKey), x: 'AAAA' }, 'unusable'],
  ['a short RSA key', jwk(weak), 'unusable'],
]

describe('a member of a key set is passed over', () => {
  for (const [name, member, expected] of JWKS) test(name, () => assert.equal(importJwk(member), expected))
})

test('a member keeps its kid and its algorithm', () => {
  const key = importJwk(jwk(rsa.publicKey, { kid: 'k', alg: 'PS256', key_ops: ['verify'] }))
  assert.ok(typeof key === 'object')
  assert.deepEqual([key.kid, key.algorithm, key.shape], ['k', 'PS256', 'RSA'])
})
