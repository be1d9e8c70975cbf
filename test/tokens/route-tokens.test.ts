import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TokenRequest } from '../../src/tokens/find-token.ts'
import { tokenTraces } from '../../src/tokens/route-tokens.ts'
import { parseTokenSource } from '../../src/tokens/sources.ts'

const base64url = (text: string) => Buffer.from(text).toString('base64url')
const token = (payload: string) => `e30.${base64url(payload)}.c2ln`
const { payload } = tokenTraces(['query:t', 'header:authorization'].map(parseTokenSource))

function payloadOf(query: string, authorization: readonly string[] = []): string {
  const request: TokenRequest = { query, header: () => authorization, protocols: [] }
  return Buffer.from(payload(request), 'base64url').toString()
}

const CASES: [name: string, query: string, headers: string[], expected: string][] = [
  ['the token that counts', `t=${token('{"a":1}')}`, [`Bearer ${token('{"a":2}')}`], '{"a":1}'],
  ['the next source', 't=', [`Bearer ${token('{"a":2}')}`], '{"a":2}'],
  [
    'numbers as they are',
    `t=${token('{"a":1234567890123456789,"b":1.0,"c":1e3}')}`,
    [],
    '{"a":1234567890123456789,"b":1.0,"c":1e3}',
  ],
  ['no token', '', [], ''],
  ['no JWT', 't=x', [], ''],
]

for (const [name, query, headers, expected] of CASES) {
  test(`the payload of ${name}`, () => assert.equal(payloadOf(query, headers), expected))
}

test('what is no base64url does not reach a header', () => {
  assert.match(payload({ query: 't=a.b%0d%0aX:y.c', header: () => [], protocols: [] }), /^[\w-]*$/)
})
