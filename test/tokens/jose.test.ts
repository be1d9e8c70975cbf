import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readHeader, verifySignature } from '../../src/tokens/jose.ts'
import { p256, rsa, SECRET, signToken } from './signing.ts'

test('one file imports jose', () => {
  const folder = new URL('../../src/', import.meta.url)
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  const importers = sources.filter((path) => /from 'jose'/.test(readFileSync(new URL(path, folder), 'utf8')))
  assert.deepEqual(importers, ['tokens/jose.ts'])
})

test('a header is read without being believed', () => {
  assert.deepEqual(readHeader(signToken({ alg: 'none', kid: 'k', jku: 'x' }, {}, '')), {
    alg: 'none',
    kid: 'k',
    crit: undefined,
    b64: undefined,
  })
  assert.equal(readHeader('nonsense'), undefined)
})

test('a signature is verified with exactly the algorithm asked for', async () => {
  const token = signToken({ alg: 'HS512' }, { sub: 'ann' }, SECRET)
  const key = createSecretKey(SECRET, 'utf8')
  assert.equal(await verifySignature(token, 'HS256', key), undefined)
  const payload = await verifySignature(token, 'HS512', key)
  assert.equal(Buffer.from(payload ?? []).toString(), '{"sub":"ann"}')
})

test('a key of another kind verifies nothing', async () => {
  const token = signToken({ alg: 'ES256' }, {}, p256.privateKey)
  const outcome = await verifySignature(token, 'ES256', rsa.publicKey).catch(() => 'a fault of ours')
  assert.ok(outcome === undefined || outcome === 'a fault of ours')
})
