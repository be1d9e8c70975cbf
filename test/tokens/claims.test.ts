import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type ClaimRules, type Claims, expiresAt, isInexact, judgeClaims } from '../../src/tokens/claims.ts'

const NOW = Date.UTC(2026, 10, 21)
const S = NOW / 1000
const RULES: ClaimRules = { clockToleranceMs: 0, requiredClaims: [], expiry: 'enforce' }

const TABLE: readonly [string, Claims, Partial<ClaimRules>, string][] = [
  ['nothing asked, nothing claimed', {}, {}, 'ok'],
  ['exp ahead', { exp: S + 1 }, {}, 'ok'],
  ['exp now', { exp: S }, {}, 'claim "exp"'],
  ['exp now, tolerated', { exp: S }, { clockToleranceMs: 1 }, 'ok'],
  ['exp with a fraction', { exp: S + 0.001 }, {}, 'ok'],
  ['exp a string', { exp: `${S + 60}` }, {}, 'claim "exp" is not a number'],
  ['exp null', { exp: null }, {}, 'claim "exp" is not a number'],
  ['exp NaN', { exp: Number.NaN }, {}, 'claim "exp" is not a number'],
  ['exp endless', JSON.parse('{"exp":1e999}'), {}, 'claim "exp" is not a number'],
  ['exp far', { exp: 1e308 }, {}, 'ok'],
  ['exp negative', { exp: -1 }, {}, 'claim "exp"'],
  ['exp malformed, expiry ignored', { exp: 'never' }, { expiry: 'ignore' }, 'claim "exp" is not a number'],
  ['exp past, expiry ignored', { exp: 0 }, { expiry: 'ignore' }, 'ok'],
  ['nbf now', { nbf: S }, {}, 'ok'],
  ['nbf ahead', { nbf: S + 1 }, {}, 'not valid yet'],
  ['nbf ahead, tolerated', { nbf: S + 1 }, { clockToleranceMs: 1_000 }, 'ok'],
  ['nbf ahead, expiry ignored', { nbf: S + 1 }, { expiry: 'ignore' }, 'not valid yet'],
  ['nbf an object', { nbf: {} }, {}, 'claim "nbf" is not a number'],
  ['iat ahead', { iat: S + 1 }, {}, 'issued in the future'],
  ['iat ahead, tolerated', { iat: S + 1 }, { clockToleranceMs: 1_000 }, 'ok'],
  ['iat a boolean', { iat: true }, {}, 'claim "iat" is not a number'],
  ['maxAge without iat', {}, { maxAgeMs: 1_000 }, 'claim "iat" is missing'],
  ['maxAge reached', { iat: S - 1 }, { maxAgeMs: 1_000 }, 'ok'],
  ['maxAge exceeded', { iat: S - 1.001 }, { maxAgeMs: 1_000 }, 'older than maxAge'],
  ['maxAge exceeded, tolerated', { iat: S - 2 }, { maxAgeMs: 1_000, clockToleranceMs: 1_000 }, 'ok'],
  ['maxAge ignored', { iat: 0 }, { maxAgeMs: 1_000, expiry: 'ignore' }, 'ok'],
  ['maxAge ignored, no iat', {}, { maxAgeMs: 1_000, expiry: 'ignore' }, 'ok'],
  ['issuer', { iss: 'a' }, { issuer: 'a' }, 'ok'],
  ['one of the issuers', { iss: 'b' }, { issuer: ['a', 'b'] }, 'ok'],
  ['another issuer', { iss: 'a/' }, { issuer: 'a' }, '"iss"'],
  ['no issuer', {}, { issuer: 'a' }, '"iss"'],
  ['an array for an issuer', { iss: ['a'] }, { issuer: 'a' }, '"iss"'],
  ['no issuer allowed', { iss: 'a' }, { issuer: [] }, '"iss"'],
  ['audience', { aud: 'chat' }, { audience: 'chat' }, 'ok'],
  ['audience in an array', { aud: ['x', 'chat'] }, { audience: 'chat' }, 'ok'],
  ['one of the audiences', { aud: 'b' }, { audience: ['a', 'b'] }, 'ok'],
  ['another audience', { aud: 'chatter' }, { audience: 'chat' }, '"aud"'],
  ['no audience', {}, { audience: 'chat' }, '"aud"'],
  ['an empty audience', { aud: [] }, { audience: 'chat' }, '"aud"'],
  ['an audience in an array in an array', { aud: [['chat']] }, { audience: 'chat' }, '"aud"'],
  ['required', { a: 0, b: '' }, { requiredClaims: ['a', 'b'] }, 'ok'],
  ['required, missing', { a: 1 }, { requiredClaims: ['a', 'b'] }, 'claim "b" is missing'],
  ['required, null', { a: null }, { requiredClaims: ['a'] }, 'claim "a" is missing'],
  ['required, inherited', {}, { requiredClaims: ['toString'] }, 'claim "toString" is missing'],
  ['required exp, expiry ignored', {}, { requiredClaims: ['exp'], expiry: 'ignore' }, 'claim "exp" is missing'],
]

describe('claims', () => {
  for (const [name, claims, rules, expected] of TABLE) {
    test(name, () => {
      const verdict = judgeClaims(claims, { ...RULES, ...rules }, NOW)
      if (expected === 'ok') assert.deepEqual(verdict, { ok: true })
      else assert.ok(!verdict.ok && verdict.detail.includes(expected), JSON.stringify(verdict))
    })
  }
})

const late = { exp: S - 1, iat: S - 100 }
const PRECEDENCE: readonly [string, Claims, Partial<ClaimRules>, string][] = [
  ['nothing else', late, {}, 'expired'],
  ['too old as well', late, { maxAgeMs: 1 }, 'expired'],
  ['too old only', { iat: S - 100 }, { maxAgeMs: 1 }, 'expired'],
  ['another issuer', late, { issuer: 'a' }, 'invalid'],
  ['another audience', late, { audience: 'a' }, 'invalid'],
  ['a claim missing', late, { requiredClaims: ['sub'] }, 'invalid'],
  ['not valid yet', { ...late, nbf: S + 9 }, {}, 'invalid'],
  ['a malformed time', { ...late, nbf: 'x' }, {}, 'invalid'],
]

describe('an expired token with', () => {
  for (const [name, claims, rules, expected] of PRECEDENCE) {
    test(`${name} is ${expected}`, () => {
      const verdict = judgeClaims(claims, { ...RULES, ...rules }, NOW)
      assert.equal(verdict.ok ? 'ok' : verdict.problem, expected)
    })
  }
})

test('expiresAt is in ms, with the tolerance, where expiry counts', () => {
  assert.equal(expiresAt({ exp: S }, RULES), NOW)
  assert.equal(expiresAt({ exp: S }, { ...RULES, clockToleranceMs: 5_000 }), NOW + 5_000)
  assert.equal(expiresAt({ exp: S }, { ...RULES, expiry: 'ignore' }), undefined)
  assert.equal(expiresAt({}, RULES), undefined)
  assert.equal(expiresAt({ exp: 1e308 }, RULES), Number.MAX_SAFE_INTEGER)
})

test('a token is good until exactly expiresAt', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: 0, max: 600_000 }), (exp, clockToleranceMs) => {
      const rules = { ...RULES, clockToleranceMs }
      const end = expiresAt({ exp }, rules) ?? Number.NaN
      assert.ok(judgeClaims({ exp }, rules, end - 1).ok)
      assert.ok(!judgeClaims({ exp }, rules, end).ok)
    }),
  )
})

const NUMBERS: [written: string, inexact: boolean][] = [
  ['0', false],
  ['-7', false],
  ['1.5', false],
  ['9007199254740991', false],
  ['9007199254740992', true],
  ['9007199254740993', true],
  ['-9007199254740992', true],
  ['1234567890123456789', true],
  ['1e300', true],
  ['1e999', true],
  ['"1234567890123456789"', false],
  ['[1234567890123456789]', false],
  ['null', false],
]

for (const [written, expected] of NUMBERS) {
  test(`the claim ${written} ${expected ? 'may have been another' : 'is what was written'}`, () =>
    assert.equal(isInexact(JSON.parse(written)), expected))
}
