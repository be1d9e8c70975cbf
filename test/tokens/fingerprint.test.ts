import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { fingerprint } from '../../src/tokens/fingerprint.ts'

test('a token shows its hash, its length and, if long, how it begins', () => {
  const short = 'x'.repeat(64)
  const hash = createHash('sha256').update(short).digest('hex').slice(0, 12)
  assert.deepEqual(fingerprint(short), { hash, length: 64, preview: '' })
  assert.equal(fingerprint('eyJhbGciOiJIUzI1NiJ9'.repeat(4)).preview, 'eyJhbGci')
  assert.equal(fingerprint('').preview, '')
})

test('a hostile token cannot write control bytes into a log', () => {
  assert.equal(fingerprint(`\r\n\x1b[31é${'x'.repeat(64)}`).preview, '???[31?x')
})
