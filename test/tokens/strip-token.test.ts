import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseTokenSource } from '../../src/tokens/sources.ts'
import { stripCookie, stripProtocols, stripQuery } from '../../src/tokens/strip-token.ts'

const QUERIES: readonly [string, string][] = [
  ['', ''],
  ['t=abc', ''],
  ['a=1&t=abc&b=2', 'a=1&b=2'],
  ['t=abc&a=%7e+%zz', 'a=%7e+%zz'],
  ['a=1&&t=abc&&b', 'a=1&&&b'],
  ['a=1&t', 'a=1'],
  ['%74=abc&a=t', 'a=t'],
  ['t=1&t=2&tt=3&T=4', 'tt=3&T=4'],
  ['a=t=1', 'a=t=1'],
]

describe('a query without its token', () => {
  for (const [query, expected] of QUERIES) test(query, () => assert.equal(stripQuery(query, 't'), expected))

  test('is what a walk over the pairs leaves', () => {
    const part = fc.constantFrom('t', '%74', 'a', 'tt', '%2574', '+', '%', '', 'é')
    const pair = fc.tuple(part, fc.constantFrom('', '=', '=1', '==', '=t', '=%26t'))
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 6 }), (pairs) => {
        const kept = pairs.filter(([name]) => name !== 't' && name !== '%74')
        const text = (list: readonly (readonly [string, string])[]) => list.map(([name, rest]) => name + rest).join('&')
        assert.equal(stripQuery(text(pairs), 't'), text(kept))
      }),
    )
  })
})

const COOKIES: readonly [string, string | undefined][] = [
  ['s=abc', undefined],
  ['s=abc;', undefined],
  ['s=a; s=b', undefined],
  ['a=1; s=abc; b=2', 'a=1; b=2'],
  ['s=abc; b=2', 'b=2'],
  ['a=1;s="x y";b', 'a=1;b'],
  ['a="1"; ss=2;  b=s=3', 'a="1"; ss=2;  b=s=3'],
]

describe('a Cookie line without its token', () => {
  for (const [line, expected] of COOKIES) test(line, () => assert.equal(stripCookie(line, 's'), expected))
})

const PROTOCOLS: readonly [string, readonly string[], readonly string[]][] = [
  ['protocol:bearer', ['chat', 'bearer', 'tok', 'v2'], ['chat', 'v2']],
  ['protocol:bearer', ['bearer', 'tok'], []],
  ['protocol:bearer', ['chat', 'bearer'], ['chat', 'bearer']],
  ['protocol:bearer', ['chat'], ['chat']],
  ['protocol:pre.*', ['pre.tok', 'chat', 'prefix'], ['chat', 'prefix']],
  ['query:t', ['bearer', 'tok'], ['bearer', 'tok']],
]

describe('subprotocols without their token', () => {
  for (const [source, offered, expected] of PROTOCOLS) {
    test(`${source} of ${offered.join(', ')}`, () =>
      assert.deepEqual(stripProtocols(offered, parseTokenSource(source)), expected))
  }
})
