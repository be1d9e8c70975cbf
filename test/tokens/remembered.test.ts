import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenId } from '../../src/tokens/fingerprint.ts'
import { rememberTokens } from '../../src/tokens/remembered.ts'

test('a payload too big is not kept, and all payloads together are bounded', () => {
  const table = rememberTokens(10_000)
  table.keep('big', {}, 0, 16 * 1024 + 1)
  assert.equal(table.has('big'), false)
  for (let index = 0; index < 2_000; index += 1) table.keep(`${index}`, {}, 0, 16 * 1024)
  const kept = Array.from({ length: 2_000 }, (_, index) => table.has(`${index}`)).filter(Boolean)
  assert.equal(kept.length, 1_024)
})

test('another generation forgets', () => {
  const table = rememberTokens(10)
  table.keep('a', { sub: 'ann' }, 1, 0)
  assert.deepEqual(table.recall('a', 1), { sub: 'ann' })
  assert.equal(table.recall('a', 2), undefined)
  assert.equal(table.has('a'), false)
})

test('a token is remembered by its hash', () => {
  assert.equal(tokenId('token').length, 64)
  assert.notEqual(tokenId('token'), tokenId('token '))
})
