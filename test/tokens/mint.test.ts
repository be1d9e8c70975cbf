import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileKeys } from '../../src/tokens/keys.ts'
import { mintToken } from '../../src/tokens/mint.ts'
import { createVerifier } from '../../src/tokens/verify.ts'
import { SECRET, signToken } from './signing.ts'

const now = Date.UTC(2026, 10, 21) + 999
const seconds = Math.floor(now / 1000)

test('a minted token is HS256 over the claims, iat and exp', async () => {
  const token = await mintToken({
    secret: SECRET,
    claims: { sub: 'ann', allowed_domains: ['a.example'] },
    ttlSeconds: 60,
    now,
  })
  const claims = { iat: seconds, exp: seconds + 60, sub: 'ann', allowed_domains: ['a.example'] }
  assert.equal(token, signToken({ alg: 'HS256', typ: 'JWT' }, claims, SECRET))
  const rules = { clockToleranceMs: 0, requiredClaims: ['exp'], expiry: 'enforce' } as const
  const verifier = createVerifier({ keys: compileKeys({ secrets: [SECRET] }), rules })
  assert.deepEqual(await verifier.verify(token, now), { ok: true, claims })
})

test('claims may bring their own times, a short secret signs, an empty one does not', async () => {
  const token = await mintToken({ secret: 'x', claims: { exp: 1 }, ttlSeconds: 60, now })
  assert.equal(token, signToken({ alg: 'HS256', typ: 'JWT' }, { iat: seconds, exp: 1 }, 'x'))
  await assert.rejects(mintToken({ secret: '', claims: {}, ttlSeconds: 60, now }), /secret: it is empty/)
})
