import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptKey, isHandshakeKey } from '../../src/frames/accept.ts'

test('the accept key of RFC 6455 section 1.3', () => {
  assert.equal(acceptKey('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
})

const keys: [name: string, key: string, expected: boolean][] = [
  ['the one of RFC 6455', 'dGhlIHNhbXBsZSBub25jZQ==', true],
  ['both special digits', '++++++++++//////////+w==', true],
  ['spare bits set', 'dGhlIHNhbXBsZSBub25jZR==', true],
  ['empty', '', false],
  ['15 bytes', 'dGhlIHNhbXBsZSBub25j', false],
  ['17 bytes', 'dGhlIHNhbXBsZSBub25jZWU=', false],
  ['no padding', 'dGhlIHNhbXBsZSBub25jZQ', false],
  ['the URL alphabet', 'dGhlIHNhbXBsZSBub25j-_==', false],
  ['a space before', ' dGhlIHNhbXBsZSBub25jZQ==', false],
  ['a line end after', 'dGhlIHNhbXBsZSBub25jZQ==\n', false],
  ['two keys', 'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==', false],
]

for (const [name, key, expected] of keys) {
  test(`handshake key: ${name}`, () => assert.equal(isHandshakeKey(key), expected))
}
