import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from '../../src/tokens/nearest.ts'

const TABLE: readonly [string, string | undefined][] = [
  ['HS256', 'HS256'],
  ['hs256', 'HS256'],
  ['HS265', 'HS256'],
  ['RSA256', 'RS256'],
  ['', undefined],
  ['something else', undefined],
]

for (const [typed, expected] of TABLE) {
  test(`nearest to ${JSON.stringify(typed)}`, () => assert.equal(nearest(typed, ['HS256', 'RS256', 'EdDSA']), expected))
}
