import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseTokenSource } from '../../src/tokens/sources.ts'

const TABLE: readonly [string, object][] = [
  ['query:site_token', { kind: 'query', name: 'site_token' }],
  ['header:Authorization', { kind: 'header', name: 'authorization', bearer: 'required' }],
  ['header:X-Token', { kind: 'header', name: 'x-token', bearer: 'optional' }],
  ['cookie:__Host-session', { kind: 'cookie', name: '__Host-session' }],
  ['protocol:bearer', { kind: 'protocol-after', word: 'bearer' }],
  ['protocol:Authorization', { kind: 'protocol-after', word: 'authorization' }],
  [
    'protocol:base64url.bearer.authorization.k8s.io.*',
    { kind: 'protocol-prefix', prefix: 'base64url.bearer.authorization.k8s.io.' },
  ],
]

describe('a token source', () => {
  for (const [text, expected] of TABLE)
    test(text, () => assert.deepEqual(parseTokenSource(text), { text, ...expected }))
})

const ERRORS: readonly [string, RegExp][] = [
  ['', /expected query:token/],
  ['token', /expected query:token/],
  ['querry:token', /^Error: "querry:token": expected query:token/],
  ['Header:x', /expected query:token/],
  [
    'body:token',
    /"body:token": expected query:token, header:authorization, cookie:session, protocol:bearer or message:payload/,
  ],
  ['query:', /lacks a name/],
  ['query', /expected query:token/],
  ['query:a&b', /without & = #/],
  ['query:site%5Ftoken', /without & = # \? % \+/],
  ['query:to ken', /without/],
  ['header:x token', /a header name has no spaces/],
  ['header:x:y', /a header name has no spaces/],
  ['header:cookie', /cookie:session/],
  ['header:Sec-WebSocket-Protocol', /protocol:bearer/],
  ['cookie:a=b', /a cookie name has no spaces or separators/],
  ['protocol:a,b', /a protocol name/],
  ['message:', /lacks a name/],
  [
    'message:payload..authorization',
    /"message:payload..authorization": expected the names of fields with dots between/,
  ],
]

describe('no token source', () => {
  for (const [text, expected] of ERRORS) {
    test(JSON.stringify(text), () => assert.throws(() => parseTokenSource(text), expected))
  }
})
