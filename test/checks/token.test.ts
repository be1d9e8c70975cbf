import assert from 'node:assert/strict'
import { test } from 'node:test'
import { token } from '../../src/checks/token.ts'
import { type KeySet, staticKeySet } from '../../src/tokens/key-set.ts'
import { assembly, conclusion, handshakeCheck } from '../support/check.ts'
import { connection, type Handshake, NOW } from '../support/connection.ts'
import { ed25519, jwk, OTHER_SECRET, SECRET, signToken } from '../tokens/signing.ts'

const SECONDS = NOW / 1000
const HS256 = { alg: 'HS256', typ: 'JWT' }
const jwt = (claims: object = {}, secret = SECRET) =>
  signToken(HS256, { sub: 'ann', exp: SECONDS + 60, ...claims }, secret)

const GOOD = jwt()
const EXPIRED = jwt({ exp: SECONDS - 1 })
const FORGED = jwt({}, OTHER_SECRET)

type Settings = Parameters<typeof handshakeCheck<typeof token.settings>>[1]
const judge = (handshake: Handshake, settings: Partial<Settings> = {}) =>
  handshakeCheck(token, { secret: SECRET, ...settings })(connection(handshake))

const query = (value: string): Handshake => ({ target: `/ws?token=${value}` })
const protocols = (...items: string[]): Handshake => ({ headers: { 'Sec-WebSocket-Protocol': items.join(', ') } })

const base64url = (text: string) => Buffer.from(text).toString('base64url')

const SOURCES: [from: string, place: (value: string) => Handshake][] = [
  ['query:token', query],
  ['query:site_token', (value) => ({ target: `/ws?x=1&site_token=${value}` })],
  ['header:authorization', (value) => ({ headers: { Authorization: `Bearer ${value}` } })],
  ['header:x-token', (value) => ({ headers: { 'X-Token': value } })],
  ['cookie:session', (value) => ({ headers: { Cookie: `theme=dark; session=${value}` } })],
  ['protocol:bearer', (value) => protocols('chat', 'bearer', value)],
  ['protocol:prefix.*', (value) => protocols(`prefix.${base64url(value)}`)],
]

const VALUES: [name: string, value: string, expected: string][] = [
  ['good', GOOD, 'pass'],
  ['expired', EXPIRED, 'token_expired'],
  ['forged', FORGED, 'token_invalid'],
  ['no token at all', 'hello', 'token_invalid'],
]

for (const [from, place] of SOURCES) {
  for (const [name, value, expected] of VALUES) {
    test(`${from}: ${name}`, async () => {
      const verdict = await judge(place(value), { from: [from] })
      assert.equal(conclusion(verdict), expected)
      assert.equal(verdict.learned?.token?.source, from)
      assert.equal(verdict.learned?.user, verdict.ok ? 'ann' : undefined)
    })
  }

  test(`${from}: missing`, async () => {
    const verdict = await judge({}, { from: [from] })
    assert.equal(conclusion(verdict), 'token_missing')
    assert.equal(verdict.learned?.token, undefined)
  })
}

const CASES: [name: string, handshake: Handshake, settings: Partial<Settings>, expected: string][] = [
  ['empty', query(''), {}, 'token_missing'],
  ['another source is not looked at', { headers: { Authorization: `Bearer ${GOOD}` } }, {}, 'token_missing'],
  [
    'the first source present decides',
    { ...query(FORGED), headers: { Cookie: `s=${GOOD}` } },
    { from: ['query:token', 'cookie:s'] },
    'token_invalid',
  ],
  [
    'the second source where the first is empty',
    { ...query(''), headers: { Cookie: `s=${GOOD}` } },
    { from: ['query:token', 'cookie:s'] },
    'pass',
  ],
  [
    'another scheme than Bearer',
    { headers: { Authorization: 'Basic YTpi' } },
    { from: ['header:authorization'] },
    'token_missing',
  ],
  ['as long as allowed', query(GOOD), { maxLength: GOOD.length }, 'pass'],
  ['too long', query(GOOD), { maxLength: GOOD.length - 1 }, 'token_invalid'],
  ['a required claim is missing', query(GOOD), { requiredClaims: ['exp', 'jti'] }, 'token_invalid'],
  ['no exp', query(jwt({ exp: undefined })), {}, 'token_invalid'],
  ['no exp, not required', query(jwt({ exp: undefined })), { requiredClaims: [] }, 'pass'],
  ['issuer', query(jwt({ iss: 'https://id.example' })), { issuer: ['https://id.example'] }, 'pass'],
  ['wrong issuer', query(jwt({ iss: 'https://evil.example' })), { issuer: ['https://id.example'] }, 'token_invalid'],
  ['audience', query(jwt({ aud: ['chat', 'mail'] })), { audience: ['chat'] }, 'pass'],
  ['wrong audience', query(jwt({ aud: 'mail' })), { audience: ['chat'] }, 'token_invalid'],
  ['expired within the tolerance', query(EXPIRED), { clockTolerance: '5s' }, 'pass'],
  ['too old', query(jwt({ iat: SECONDS - 100 })), { maxAge: '1m' }, 'token_expired'],
  ['expired, ignored', query(EXPIRED), { expiry: 'ignore' }, 'pass'],
  ['forged and expired, ignored', query(jwt({ exp: 1 }, OTHER_SECRET)), { expiry: 'ignore' }, 'token_invalid'],
  ['the old secret of a rotation', query(GOOD), { secret: undefined, secrets: [OTHER_SECRET, SECRET] }, 'pass'],
  ['an algorithm that is not listed', query(GOOD), { algorithms: ['HS512'] }, 'token_invalid'],
  ['none', query(signToken({ alg: 'none' }, { exp: SECONDS + 60 }, '')), {}, 'token_invalid'],
]

for (const [name, handshake, settings, expected] of CASES) {
  test(`token: ${name}`, async () => assert.equal(conclusion(await judge(handshake, settings)), expected))
}

const USERS: [name: string, claims: object, user: string | undefined][] = [
  ['text', { sub: 'ann' }, 'ann'],
  ['a number', { sub: 42 }, '42'],
  ['zero', { sub: 0 }, '0'],
  ['absent', { sub: undefined }, undefined],
  ['null', { sub: null }, undefined],
  ['a list', { sub: ['ann'] }, undefined],
  ['an object', { sub: { id: 1 } }, undefined],
  ['true', { sub: true }, undefined],
]

for (const [name, claims, user] of USERS) {
  test(`the user claim: ${name}`, async () => {
    const verdict = await judge(query(jwt(claims)))
    assert.deepEqual([verdict.ok, verdict.learned?.user], [true, user])
  })
}

test('the user claim may be another', async () => {
  const verdict = await judge(query(jwt({ uid: 'u-1' })), { user: 'uid' })
  assert.equal(verdict.learned?.user, 'u-1')
})

test('a user that is a number beyond 2^53 may be another user: refused, and how to mint it', async () => {
  const payload = `{"exp":${SECONDS + 60},"sub":1234567890123456789}`
  const verdict = await judge(query(signToken({ alg: 'HS256' }, payload, SECRET)))
  assert.equal(conclusion(verdict), 'token_invalid')
  assert.equal(verdict.detail, 'claim sub is an integer beyond 2^53, which JSON readers round: mint it as text')
  assert.equal(verdict.learned?.user, undefined)
  const elsewhere = payload.replace('sub', 'other')
  assert.equal(conclusion(await judge(query(signToken({ alg: 'HS256' }, elsewhere, SECRET)))), 'pass')
})

const WRITTEN: [name: string, settings: object, message: RegExp][] = [
  ['a misspelt source', { from: ['querry:token'] }, /did you mean "query:…"\?/],
  ['a source in another case', { from: ['Header:x'] }, /did you mean "header:…"\?/],
  ['a source without a name', { from: ['query'] }, /^"query": expected query:token/],
  ['no source', { from: [] }, /^expected at least one entry/],
  ['an empty issuer', { issuer: '' }, /^expected at least one entry/],
  ['an empty audience', { audience: [] }, /^expected at least one entry/],
  ['no algorithm', { algorithms: [] }, /^expected at least one entry/],
  ['algorithm none', { algorithms: ['none'] }, /^"none" means an unsigned token: remove it$/],
  ['algorithm None', { algorithms: 'None' }, /unsigned token/],
]

for (const [name, written, message] of WRITTEN) {
  test(`settings: ${name}`, () => {
    const read = token.settings.safeParse({ secret: SECRET, ...written })
    assert.match(read.error?.issues[0]?.message ?? '', message)
  })
}

const ENDS: [name: string, settings: Partial<Settings>, expiresAt: number | undefined][] = [
  ['at exp', {}, NOW + 60_000],
  ['at exp and the tolerance', { clockTolerance: '5s' }, NOW + 65_000],
  ['not where closeOnExpiry is off', { closeOnExpiry: false }, undefined],
  ['not where expiry is ignored', { expiry: 'ignore' }, undefined],
]

for (const [name, settings, expiresAt] of ENDS) {
  test(`a connection ends with its token: ${name}`, async () => {
    const verdict = await judge(query(GOOD), settings)
    assert.equal(verdict.learned?.expiresAt, expiresAt)
  })
}

const TOKENS: [name: string, value: string][] = [
  ['good', GOOD],
  ['expired', EXPIRED],
  ['forged', FORGED],
  ['short', 'letmein'],
  ['too long', 'x'.repeat(9000)],
]

for (const [name, value] of TOKENS) {
  test(`nothing that is kept of a token holds it: ${name}`, async () => {
    const verdict = await judge(query(value))
    const { claims, ...kept } = verdict.learned ?? {}
    const text = JSON.stringify({ ...verdict, learned: kept })
    const [header = '', payload = '', signature = ''] = value.split('.')
    for (const part of [value, payload, signature].filter((one) => one !== '')) assert.ok(!text.includes(part), text)
    if (value.length <= 64) assert.ok(!text.includes(header))
    assert.equal(kept.token?.length, value.length)
    assert.match(kept.token?.hash ?? '', /^[0-9a-f]{12}$/)
    assert.ok((kept.token?.preview ?? '').length <= 8)
    assert.equal(claims === undefined, !verdict.ok)
  })
}

test('an asymmetric key of a key set', async () => {
  const keys = staticKeySet(JSON.stringify({ keys: [jwk(ed25519.publicKey, { kid: 'k1', alg: 'EdDSA' })] }))
  const check = handshakeCheck(token, { jwks: 'https://id.example/jwks' }, assembly({ keySet: () => keys }))
  const claims = { sub: 'bob', exp: SECONDS + 60 }
  const signed = signToken({ alg: 'EdDSA', kid: 'k1' }, claims, ed25519.privateKey, 'Ed')
  const verdict = await check(connection(query(signed)))
  assert.deepEqual([verdict.ok, verdict.learned?.user], [true, 'bob'])
  assert.equal(conclusion(await check(connection(query(GOOD)))), 'token_invalid')
})

test('a key set that cannot be fetched is no fault of the client', async () => {
  const keySet = (): KeySet => ({
    generation: 0,
    serves: () => true,
    refresh: () => undefined,
    find: () => ({ unavailable: 'the key set answers 500' }),
  })
  const check = handshakeCheck(token, { jwks: 'https://id.example/jwks', algorithms: ['EdDSA'] }, assembly({ keySet }))
  const signed = signToken({ alg: 'EdDSA', kid: 'k1' }, { exp: SECONDS + 60 }, ed25519.privateKey, 'Ed')
  const verdict = await check(connection(query(signed)))
  assert.equal(conclusion(verdict), 'internal_error')
  assert.equal(verdict.detail, 'the key set answers 500')
})

test('a remembered token is judged again by the clock', async () => {
  const check = handshakeCheck(token, { secret: SECRET })
  const at = (ms: number) => check(connection({ ...query(GOOD), at: NOW + ms }))
  assert.deepEqual(
    [conclusion(await at(0)), conclusion(await at(59_999)), conclusion(await at(60_000))],
    ['pass', 'pass', 'token_expired'],
  )
})

const PROBLEMS: [name: string, settings: Settings, path: string, message: RegExp][] = [
  ['no key', {}, '', /expected a key/],
  ['two secrets', { secret: SECRET, secrets: [SECRET] }, 'secrets', /secret or secrets, not both/],
  ['an algorithm no key serves', { secret: SECRET, algorithms: ['RS256'] }, 'algorithms', /RS256/],
]

for (const [name, settings, path, message] of PROBLEMS) {
  test(`settings: ${name}`, () => {
    const [problem] = token.problems?.(token.settings.parse(settings), { params: [], hasToken: true }) ?? []
    assert.equal(problem?.path.join('.'), path)
    assert.match(problem?.message ?? '', message)
  })
}
