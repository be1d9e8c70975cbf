import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  duplicateSource,
  findToken,
  headerToken,
  type TokenRequest,
  tokenProtocols,
} from '../../src/tokens/find-token.ts'
import { parseTokenSource } from '../../src/tokens/sources.ts'

interface Facts {
  query?: string
  headers?: Readonly<Record<string, readonly string[]>>
  protocols?: readonly string[]
}

function request({ query = '', headers = {}, protocols = [] }: Facts): TokenRequest {
  return { query, header: (name) => headers[name] ?? [], protocols }
}

function sources(...texts: string[]) {
  return texts.map(parseTokenSource)
}

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln'
const K8S = 'protocol:base64url.bearer.authorization.k8s.io.*'
const k8s = (rest: string) => ({ protocols: [`base64url.bearer.authorization.k8s.io.${rest}`, 'v4.channel.k8s.io'] })
const auth = (...lines: string[]) => ({ headers: { authorization: lines } })
const cookie = (...lines: string[]) => ({ headers: { cookie: lines } })

const TABLE: readonly [string, string, Facts, string | undefined][] = [
  ['query', 'query:t', { query: 'a=1&t=abc&b=2' }, 'abc'],
  ['query, encoded value', 'query:t', { query: 't=a%2Eb%2bc+d' }, 'a.b+c d'],
  ['query, encoded once only', 'query:t', { query: 't=a%252Eb' }, 'a%2Eb'],
  ['query, malformed encoding', 'query:t', { query: 't=a%zz+b' }, 'a%zz+b'],
  ['query, malformed UTF-8', 'query:t', { query: 't=%ff' }, '%ff'],
  ['query, encoded name', 'query:t_t', { query: 't%5Ft=abc' }, 'abc'],
  ['query, value with =', 'query:t', { query: 't=a=b==' }, 'a=b=='],
  ['query, empty', 'query:t', { query: 't=' }, undefined],
  ['query, no value', 'query:t', { query: 't' }, undefined],
  ['query, another case', 'query:t', { query: 'T=abc' }, undefined],
  ['query, a longer name', 'query:t', { query: 'tt=abc&xt=abc' }, undefined],
  ['authorization', 'header:authorization', auth(`Bearer ${JWT}`), JWT],
  ['authorization, any case', 'header:authorization', auth(`bEaReR   ${JWT} `), JWT],
  ['authorization, Basic', 'header:authorization', auth('Basic YTpi'), undefined],
  ['authorization, no scheme', 'header:authorization', auth(JWT), undefined],
  ['authorization, no token', 'header:authorization', auth('Bearer '), undefined],
  ['authorization, absent', 'header:authorization', {}, undefined],
  ['header, raw', 'header:x-token', { headers: { 'x-token': [` ${JWT}`] } }, JWT],
  ['header, with scheme', 'header:x-token', { headers: { 'x-token': [`Bearer ${JWT}`] } }, JWT],
  ['header, empty', 'header:x-token', { headers: { 'x-token': [''] } }, undefined],
  ['cookie', 'cookie:s', cookie('a=1; s=abc; b=2'), 'abc'],
  ['cookie, quoted', 'cookie:s', cookie('s="abc"'), 'abc'],
  ['cookie, not decoded', 'cookie:s', cookie('s=a%2Eb+c'), 'a%2Eb+c'],
  ['cookie, in the second line', 'cookie:s', cookie('a=1', 's=abc'), 'abc'],
  ['cookie, no blanks, with =', 'cookie:s', cookie('a=1;s=abc==;b=2'), 'abc=='],
  ['cookie, empty', 'cookie:s', cookie('s=; t=1'), undefined],
  ['cookie, a bare name', 'cookie:s', cookie('s'), undefined],
  ['cookie, a longer name', 'cookie:s', cookie('ss=abc; s2=abc; S=abc'), undefined],
  ['protocol', 'protocol:bearer', { protocols: ['chat', 'bearer', JWT] }, JWT],
  ['protocol, another case', 'protocol:bearer', { protocols: ['Bearer', JWT] }, JWT],
  ['protocol, no item after', 'protocol:bearer', { protocols: ['chat', 'bearer'] }, undefined],
  ['protocol, absent', 'protocol:bearer', { protocols: ['chat', JWT] }, undefined],
  ['Kubernetes, encoded', K8S, k8s(Buffer.from(JWT).toString('base64url')), JWT],
  ['Kubernetes, as it is', K8S, k8s(JWT), JWT],
  ['Kubernetes, not base64url', K8S, k8s('a+b'), 'a+b'],
  ['Kubernetes, nothing', K8S, k8s(''), undefined],
]

describe('a token is found in', () => {
  for (const [name, source, facts, expected] of TABLE) {
    test(name, () => assert.equal(findToken(sources(source), request(facts))?.token, expected))
  }
})

test('the first source that is present wins, an empty one is not present', () => {
  const from = sources('query:t', 'cookie:s', 'header:authorization')
  const headers = { authorization: [`Bearer ${JWT}`], cookie: ['s=abc'] }
  assert.equal(findToken(from, request({ query: 't=', headers }))?.source.text, 'cookie:s')
  assert.equal(findToken(from, request({ query: 't=x', headers }))?.source.text, 'query:t')
  assert.equal(findToken([], request({ query: 't=x', headers })), undefined)
})

const DUPLICATES: readonly [string, Facts, string | undefined][] = [
  ['nothing', {}, undefined],
  ['one of each', { query: 't=1', headers: { cookie: ['s=1'], authorization: ['Bearer x'] } }, undefined],
  ['a parameter twice', { query: 't=1&T[]=2' }, 'query:t'],
  ['a header twice', auth('Bearer x', 'Basic y'), 'header:authorization'],
  ['a cookie twice', cookie('s=1; s=2'), 'cookie:s'],
  ['a cookie in two lines', cookie('s=1', 's='), 'cookie:s'],
  ['a word twice', { protocols: ['bearer', 'a', 'bearer', 'b'] }, 'protocol:bearer'],
  ['another cookie twice', cookie('a=1; a=2'), undefined],
]

describe('a source holds more than one value:', () => {
  const from = sources('query:t', 'header:authorization', 'cookie:s', 'protocol:bearer', K8S)
  for (const [name, facts, expected] of DUPLICATES) {
    test(name, () => assert.equal(duplicateSource(from, request(facts))?.text, expected))
  }
})

const ITEMS: readonly [string, readonly string[], readonly number[]][] = [
  ['none', ['chat', 'v2'], []],
  ['after the word, not the word', ['chat', 'bearer', 'opaque', 'v2'], [2]],
  ['after every such word', ['bearer', 'a', 'Bearer', 'b'], [1, 3]],
  ['behind the prefix', ['base64url.bearer.authorization.k8s.io.abc', 'v2'], [0]],
  ['a JWT, wherever it stands', ['chat', JWT, 'v2'], [1]],
  [
    'a JWT whose header has blanks',
    ['chat', `${Buffer.from('{ "alg": "HS256"}').toString('base64url')}.e30.c2ln`],
    [1],
  ],
  ['the word alone', ['bearer'], []],
]

describe('subprotocols that are tokens:', () => {
  for (const [name, protocols, expected] of ITEMS) {
    test(name, () => {
      const indexes = tokenProtocols(protocols, sources('protocol:bearer', K8S))
      assert.deepEqual([...indexes].sort(), expected)
    })
  }
})

test('blanks and lines behind Bearer cost no more than they are long', () => {
  for (const text of [`bearer${' '.repeat(1 << 20)}\nx`, `bearer${' \n'.repeat(1 << 19)}x`]) {
    const began = performance.now()
    assert.notEqual(headerToken(text, 'required'), '')
    assert.ok(performance.now() - began < 1000)
  }
})
