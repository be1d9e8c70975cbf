import assert from 'node:assert/strict'
import { createHmac, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import type { ClaimRules, Claims } from '../../src/tokens/claims.ts'
import { type KeySet, staticKeySet } from '../../src/tokens/key-set.ts'
import { compileKeys, type KeyConfig } from '../../src/tokens/keys.ts'
import { createVerifier, type TokenVerdict, type Verifier } from '../../src/tokens/verify.ts'
import { ed25519, jwk, OTHER_SECRET, p256, p384, p521, pem, rsa, SECRET, segment, signToken } from './signing.ts'

const NOW = Date.UTC(2026, 10, 21)
const EXP = NOW / 1000 + 60
const RULES: ClaimRules = { clockToleranceMs: 0, requiredClaims: ['exp'], expiry: 'enforce' }
const CLAIMS = { sub: 'ann', exp: EXP }

function verifier(config: KeyConfig, rules: Partial<ClaimRules> = {}): Verifier {
  return createVerifier({ keys: compileKeys(config), rules: { ...RULES, ...rules } })
}

function problem(verdict: TokenVerdict): string {
  return verdict.ok ? 'ok' : verdict.problem
}

async function judged(config: KeyConfig, token: string, rules: Partial<ClaimRules> = {}): Promise<TokenVerdict> {
  const verdict = await verifier(config, rules).verify(token, NOW)
  if (!verdict.ok) assertQuotesNothing(verdict.detail, token)
  return verdict
}

/** No stretch of the token longer than a claim's name may stand in what we tell. */
function assertQuotesNothing(detail: string, token: string): void {
  const decoded = token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
  for (const text of [token, ...token.split('.'), ...decoded]) {
    if (text.length >= 8) assert.ok(!detail.includes(text.slice(0, 8)), `the detail quotes the token: ${detail}`)
  }
}

const ALGORITHMS: readonly [string, KeyObject | string, KeyConfig][] = [
  ['HS256', SECRET, { secrets: [SECRET] }],
  ['HS384', SECRET, { secrets: [SECRET], algorithms: ['HS384'] }],
  ['HS512', SECRET, { secrets: [SECRET], algorithms: ['HS512'] }],
  ['RS256', rsa.privateKey, { publicKey: pem(rsa.publicKey) }],
  ['RS384', rsa.privateKey, { publicKey: pem(rsa.publicKey), algorithms: ['RS384'] }],
  ['RS512', rsa.privateKey, { publicKey: pem(rsa.publicKey), algorithms: ['RS512'] }],
  ['PS256', rsa.privateKey, { publicKey: pem(rsa.publicKey), algorithms: ['PS256'] }],
  ['PS384', rsa.privateKey, { publicKey: pem(rsa.publicKey), algorithms: ['PS384'] }],
  ['PS512', rsa.privateKey, { publicKey: pem(rsa.publicKey), algorithms: ['PS512'] }],
  ['ES256', p256.privateKey, { publicKey: pem(p256.publicKey) }],
  ['ES384', p384.privateKey, { publicKey: pem(p384.publicKey) }],
  ['ES512', p521.privateKey, { publicKey: pem(p521.publicKey) }],
  ['EdDSA', ed25519.privateKey, { publicKey: pem(ed25519.publicKey) }],
  ['Ed25519', ed25519.privateKey, { publicKey: pem(ed25519.publicKey), algorithms: ['Ed25519'] }],
]

describe('a signature of every algorithm', () => {
  for (const [alg, key, config] of ALGORITHMS) {
    test(alg, async () => {
      const token = signToken({ alg }, CLAIMS, key)
      assert.deepEqual(await judged(config, token), { ok: true, claims: CLAIMS })
      const forged = `${segment({ alg })}.${segment({ ...CLAIMS, sub: 'root' })}.${token.split('.')[2]}`
      assert.equal(problem(await judged(config, forged)), 'invalid', 'another payload')
      const flipped = token.slice(0, -6) + (token.at(-6) === 'A' ? 'B' : 'A') + token.slice(-5)
      assert.equal(problem(await judged(config, flipped)), 'invalid', 'another signature')
      assert.equal(problem(await judged(config, token.slice(0, token.lastIndexOf('.') + 1))), 'invalid', 'no signature')
    })
  }
})

const HS = { secrets: [SECRET] }
const RS = { publicKey: pem(rsa.publicKey) }

/** An HS256 token keyed with a public key, as if the server took the one for the other. */
function confused(secret: string | Buffer): string {
  const input = `${segment({ alg: 'HS256' })}.${segment(CLAIMS)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

const SET = { jwks: staticKeySet(JSON.stringify({ keys: [jwk(rsa.publicKey, { kid: 'a' })] })) }
const attackerJwk = jwk(p256.publicKey)

const HOSTILE: readonly [string, KeyConfig, string][] = [
  ['alg none, unsigned', HS, signToken({ alg: 'none' }, CLAIMS, '')],
  ['alg None with the old signature', HS, signToken({ alg: 'None' }, CLAIMS, SECRET, 'HS256')],
  ['alg missing', HS, signToken({ typ: 'JWT' }, CLAIMS, SECRET, 'HS256')],
  ['alg a number', HS, signToken({ alg: 256 }, CLAIMS, SECRET, 'HS256')],
  ['alg an inherited property', HS, signToken({ alg: 'constructor' }, CLAIMS, SECRET, 'HS256')],
  ['alg of the family, not pinned', HS, signToken({ alg: 'HS512' }, CLAIMS, SECRET)],
  ['PS256 where RS256 is pinned', RS, signToken({ alg: 'PS256' }, CLAIMS, rsa.privateKey)],
  ['the public key as HMAC secret', RS, confused(pem(rsa.publicKey))],
  ['the public key as HMAC secret, beside secrets', { ...HS, ...RS }, confused(pem(rsa.publicKey))],
  [
    'the public key DER as HMAC secret',
    { ...HS, ...RS },
    confused(rsa.publicKey.export({ type: 'spki', format: 'der' })),
  ],
  ['unknown crit', HS, signToken({ alg: 'HS256', crit: ['exp'], exp: EXP }, CLAIMS, SECRET)],
  ['empty crit', HS, signToken({ alg: 'HS256', crit: [] }, CLAIMS, SECRET)],
  ['b64 false and crit', HS, signToken({ alg: 'HS256', b64: false, crit: ['b64'] }, CLAIMS, SECRET)],
  ['b64 false alone', HS, signToken({ alg: 'HS256', b64: false }, CLAIMS, SECRET)],
  ['a key of its own in jwk', RS, signToken({ alg: 'RS256', jwk: attackerJwk }, CLAIMS, p256.privateKey, 'ES256')],
  [
    'jwk beside a pinned ES256',
    { publicKey: pem(p384.publicKey), algorithms: ['ES384'] },
    signToken({ alg: 'ES256', jwk: attackerJwk }, CLAIMS, p256.privateKey),
  ],
  ['jku', SET, signToken({ alg: 'RS256', jku: 'http://127.0.0.1:1/keys', kid: 'b' }, CLAIMS, rsa.privateKey)],
  ['kid unknown', SET, signToken({ alg: 'RS256', kid: 'b' }, CLAIMS, rsa.privateKey)],
  ['kid a path', SET, signToken({ alg: 'RS256', kid: '../../../../dev/null' }, CLAIMS, rsa.privateKey)],
  ['kid a property', SET, signToken({ alg: 'RS256', kid: '__proto__' }, CLAIMS, rsa.privateKey)],
  ['kid an object', SET, signToken({ alg: 'RS256', kid: { a: 1 } }, CLAIMS, rsa.privateKey)],
  ['an unknown secret', HS, signToken({ alg: 'HS256' }, CLAIMS, OTHER_SECRET)],
  ['a payload that is an array', HS, signToken({ alg: 'HS256' }, [CLAIMS], SECRET)],
  ['a payload that is a string', HS, signToken({ alg: 'HS256' }, '"claims"', SECRET)],
  ['a payload that is null', HS, signToken({ alg: 'HS256' }, 'null', SECRET)],
  ['a payload that is no JSON', HS, signToken({ alg: 'HS256' }, 'claims', SECRET)],
  [
    'a payload that is no UTF-8',
    HS,
    signToken({ alg: 'HS256' }, Buffer.from('{"sub":"\xff","exp":9e9}', 'latin1'), SECRET),
  ],
  ['five parts (JWE)', HS, 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..a.b.c'],
  ['two parts', HS, 'eyJhbGciOiJIUzI1NiJ9.e30'],
  ['no part', HS, ''],
  ['dots', HS, '..'],
  ['not a token', HS, 'hello there general kenobi'],
  ['control bytes', HS, '\0\r\n\x1b[31m.\0.\0'],
  ['huge', HS, `${'a'.repeat(100_000)}.b.c`],
  ['a header that is an array', HS, `${segment([])}.${segment(CLAIMS)}.AA`],
]

describe('hostile tokens are invalid', () => {
  for (const [name, config, token] of HOSTILE) {
    test(name, async () => assert.equal(problem(await judged(config, token)), 'invalid'))
  }
})

test('headers that point to keys are ignored, not obeyed', async () => {
  const header = { alg: 'HS256', jwk: attackerJwk, jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/', kid: '../x' }
  assert.equal(problem(await judged(HS, signToken(header, CLAIMS, SECRET))), 'ok')
})

test('secrets rotate by list: any of them is tried', async () => {
  const config = { secrets: [OTHER_SECRET, SECRET] }
  assert.equal(problem(await judged(config, signToken({ alg: 'HS256' }, CLAIMS, SECRET))), 'ok')
  assert.equal(problem(await judged(config, signToken({ alg: 'HS256' }, CLAIMS, OTHER_SECRET))), 'ok')
  assert.equal(
    problem(await judged({ secrets: [OTHER_SECRET] }, signToken({ alg: 'HS256' }, CLAIMS, SECRET))),
    'invalid',
  )
})

test('secrets, a public key and a key set serve side by side, each its own family', async () => {
  const keys = JSON.stringify({ keys: [jwk(p256.publicKey, { kid: 'e' })] })
  const config = { ...HS, ...RS, jwks: staticKeySet(keys) }
  assert.equal(problem(await judged(config, signToken({ alg: 'HS256' }, CLAIMS, SECRET))), 'ok')
  assert.equal(problem(await judged(config, signToken({ alg: 'RS256', kid: 'any' }, CLAIMS, rsa.privateKey))), 'ok')
  assert.equal(problem(await judged(config, signToken({ alg: 'ES256', kid: 'e' }, CLAIMS, p256.privateKey))), 'ok')
  assert.equal(problem(await judged(config, signToken({ alg: 'ES256', kid: 'f' }, CLAIMS, p256.privateKey))), 'invalid')
})

const expired = { sub: 'ann', exp: NOW / 1000 - 1 }
const good = signToken({ alg: 'HS256' }, expired, SECRET)
const bad = signToken({ alg: 'HS256' }, expired, OTHER_SECRET)

const EXPIRY: readonly [string, string, Partial<ClaimRules>, string][] = [
  ['expired', good, {}, 'expired'],
  ['expired, within the tolerance', good, { clockToleranceMs: 2_000 }, 'ok'],
  ['expired and badly signed', bad, {}, 'invalid'],
  ['expired and for another audience', good, { audience: 'chat' }, 'invalid'],
  ['expiry ignored', good, { expiry: 'ignore' }, 'ok'],
  ['expiry ignored, badly signed', bad, { expiry: 'ignore' }, 'invalid'],
]

describe('expiry', () => {
  for (const [name, token, rules, expected] of EXPIRY) {
    test(name, async () => assert.equal(problem(await judged(HS, token, rules)), expected))
  }
})

describe('a verified token is remembered', () => {
  test('its signature is computed once, its claims are judged by the clock every time, at once', async () => {
    const tokens = verifier(HS)
    const token = signToken({ alg: 'HS256' }, { ...CLAIMS, nbf: NOW / 1000 }, SECRET)
    await tokens.verify(token, NOW)
    for (const [now, expected] of [
      [NOW + 1, 'ok'],
      [NOW - 1, 'invalid'],
      [EXP * 1000 - 1, 'ok'],
      [EXP * 1000, 'expired'],
    ] as const) {
      const verdict = tokens.verify(token, now)
      assert.ok(!(verdict instanceof Promise), 'a hit answers at once')
      assert.equal(problem(verdict), expected)
    }
    assert.deepEqual({ ...tokens.counts }, { signatures: 1, remembered: 4 })
  })

  test('an expired one is dropped or never kept, nor is a bad one', async () => {
    const tokens = verifier(HS)
    const token = signToken({ alg: 'HS256' }, CLAIMS, SECRET)
    await tokens.verify(token, NOW)
    await tokens.verify(token, EXP * 1000)
    assert.ok(tokens.verify(token, NOW) instanceof Promise)
    for (const token of [good, bad]) {
      await tokens.verify(token, NOW)
      assert.ok(tokens.verify(token, NOW) instanceof Promise)
    }
  })

  test('the table is bounded', async () => {
    const tokens = createVerifier({ keys: compileKeys(HS), rules: RULES, maxRemembered: 2 })
    const [first = '', ...others] = ['a', 'b', 'c'].map((sub) => signToken({ alg: 'HS256' }, { sub, exp: EXP }, SECRET))
    for (const token of [first, ...others]) await tokens.verify(token, NOW)
    for (const token of others) assert.ok(!(tokens.verify(token, NOW) instanceof Promise))
    assert.ok(tokens.verify(first, NOW) instanceof Promise, 'the least recently used is gone')
  })

  test('when the keys change it is verified again', async () => {
    const set = changeableSet(rsa.publicKey)
    const tokens = verifier({ jwks: set })
    const token = signToken({ alg: 'RS256' }, CLAIMS, rsa.privateKey)
    assert.equal(problem(await tokens.verify(token, NOW)), 'ok')
    assert.ok(!(tokens.verify(token, NOW) instanceof Promise))
    set.become([], 1)
    assert.equal(problem(await tokens.verify(token, NOW)), 'invalid')
  })

  test('a hit waits for a key set that is due, and its keys may be gone then', async () => {
    const set = changeableSet(rsa.publicKey)
    const tokens = verifier({ jwks: set })
    const token = signToken({ alg: 'RS256' }, CLAIMS, rsa.privateKey)
    await tokens.verify(token, NOW)
    set.dueWith(() => set.become([], 1))
    assert.equal(problem(await tokens.verify(token, NOW)), 'invalid')
  })

  test('its claims cannot be changed by whoever reads them', async () => {
    const verdict = await verifier(HS).verify(signToken({ alg: 'HS256' }, CLAIMS, SECRET), NOW)
    assert.ok(verdict.ok)
    const claims: Record<string, unknown> = verdict.claims
    assert.throws(() => {
      claims.sub = 'root'
    }, TypeError)
  })
})

test('a key set that never answered is unavailable; one that breaks does not reject', async () => {
  const token = signToken({ alg: 'RS256' }, CLAIMS, rsa.privateKey)
  const down = { ...changeableSet(rsa.publicKey), find: () => ({ unavailable: 'the key set answers 500' }) }
  const verdict = await judged({ jwks: down }, token)
  assert.equal(problem(verdict), 'unavailable')
  assert.equal(verdict.ok ? '' : verdict.detail, 'the key set answers 500')
  const broken = { ...down, find: () => Promise.reject(new Error(token)) }
  assert.equal(problem(await judged({ jwks: broken }, token)), 'invalid')
})

test('claims named like properties of every object are claims and nothing else', async () => {
  const text = `{"__proto__":{"admin":true},"exp":${EXP}}`
  const verdict = await judged(HS, signToken({ alg: 'HS256' }, text, SECRET))
  assert.ok(verdict.ok)
  const { claims }: { claims: Claims } = verdict
  assert.equal(claims.admin, undefined)
  assert.equal(
    problem(await judged(HS, signToken({ alg: 'HS256' }, CLAIMS, SECRET), { requiredClaims: ['toString'] })),
    'invalid',
  )
})

interface ChangeableSet extends KeySet {
  become(keys: readonly KeyObject[], generation: number): void
  dueWith(change: () => void): void
}

function changeableSet(...first: readonly KeyObject[]): ChangeableSet {
  let keys = first
  let generation = 0
  let due: (() => void) | undefined
  return {
    get generation() {
      return generation
    },
    serves: (algorithm) => algorithm.startsWith('RS'),
    find: () => keys,
    refresh() {
      const change = due
      due = undefined
      return change && Promise.resolve().then(change)
    },
    become(next, number) {
      keys = next
      generation = number
    },
    dueWith(change) {
      due = change
    },
  }
}
