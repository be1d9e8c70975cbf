/** The payload of a token whose signature was good. */
export type Claims = Readonly<Record<string, unknown>>

/**
 * Whether a claim is a number that reading JSON may have changed: two of them, once read, can be the same (RFC 8259
 * section 6), so none may name a user, a key or a resource.
 */
export const isInexact = (claim: unknown): boolean =>
  typeof claim === 'number' && !(Number.isInteger(claim) ? Number.isSafeInteger(claim) : Number.isFinite(claim))

/** What to tell of an inexact claim. */
export const inexactClaim = (name: string): string =>
  `claim ${name} is an integer beyond 2^53, which JSON readers round: mint it as text`

export interface ClaimRules {
  /** Who may have issued the token; one of these. */
  readonly issuer?: string | readonly string[] | undefined
  /** Whom the token may be meant for; one of these. */
  readonly audience?: string | readonly string[] | undefined
  /** How far the issuer's clock may be from ours, in ms. */
  readonly clockToleranceMs: number
  /** How long after `iat` a token is good, in ms. */
  readonly maxAgeMs?: number | undefined
  /** Claims that must be there and not null. */
  readonly requiredClaims: readonly string[]
  /** `ignore` overlooks `exp` and maxAgeMs, and nothing else. */
  readonly expiry: 'enforce' | 'ignore'
}

export type ClaimsVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly problem: 'invalid' | 'expired'; readonly detail: string }

const TIMES = ['exp', 'nbf', 'iat'] as const

/**
 * Judges claims (RFC 7519 section 4.1) at the moment `now`, in ms since the epoch. `expired` is answered only when
 * nothing else is wrong, so that a client told to renew its token has one worth renewing.
 */
export function judgeClaims(claims: Claims, rules: ClaimRules, now: number): ClaimsVerdict {
  const problem =
    malformedTime(claims) ??
    missingClaim(claims, rules) ??
    wrongIssuer(claims, rules) ??
    wrongAudience(claims, rules) ??
    tooEarly(claims, rules, now)
  if (problem !== undefined) return { ok: false, problem: 'invalid', detail: problem }
  const end = rules.expiry === 'ignore' ? undefined : tooLate(claims, rules, now)
  return end === undefined ? { ok: true } : { ok: false, problem: 'expired', detail: end }
}

/** When a token stops being good: `exp` plus the tolerance, in ms since the epoch; undefined where it does not. */
export function expiresAt(claims: Claims, rules: Pick<ClaimRules, 'clockToleranceMs' | 'expiry'>): number | undefined {
  const exp = rules.expiry === 'ignore' ? undefined : time(claims, 'exp')
  return exp === undefined ? undefined : Math.min(exp + rules.clockToleranceMs, Number.MAX_SAFE_INTEGER)
}

/** A time claim in ms since the epoch; the claim itself is in seconds and may have a fraction. */
function time(claims: Claims, name: (typeof TIMES)[number]): number | undefined {
  const value = own(claims, name)
  return typeof value === 'number' ? value * 1000 : undefined
}

function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

function malformedTime(claims: Claims): string | undefined {
  const name = TIMES.find((claim) => own(claims, claim) !== undefined && !Number.isFinite(own(claims, claim)))
  return name && `claim "${name}" is not a number of seconds`
}

function missingClaim(claims: Claims, rules: ClaimRules): string | undefined {
  const needsIat = rules.maxAgeMs !== undefined && rules.expiry === 'enforce'
  const required = needsIat ? [...rules.requiredClaims, 'iat'] : rules.requiredClaims
  const name = required.find((claim) => own(claims, claim) === undefined || own(claims, claim) === null)
  return name && `claim "${name}" is missing`
}

function wrongIssuer(claims: Claims, rules: ClaimRules): string | undefined {
  if (rules.issuer === undefined || list(rules.issuer).includes(own(claims, 'iss'))) return undefined
  return 'claim "iss" is not the configured issuer'
}

function wrongAudience(claims: Claims, rules: ClaimRules): string | undefined {
  if (rules.audience === undefined) return undefined
  const accepted = list(rules.audience)
  if (list(own(claims, 'aud')).some((audience) => accepted.includes(audience))) return undefined
  return 'claim "aud" does not name the configured audience'
}

function tooEarly(claims: Claims, rules: ClaimRules, now: number): string | undefined {
  const latest = now + rules.clockToleranceMs
  if ((time(claims, 'nbf') ?? latest) > latest) return 'the token is not valid yet (claim "nbf")'
  if ((time(claims, 'iat') ?? latest) > latest) return 'the token was issued in the future (claim "iat")'
  return undefined
}

function tooLate(claims: Claims, rules: ClaimRules, now: number): string | undefined {
  const end = expiresAt(claims, rules)
  if (end !== undefined && end <= now) return 'the token has expired (claim "exp")'
  const issued = time(claims, 'iat')
  if (rules.maxAgeMs === undefined || issued === undefined) return undefined
  return now - issued > rules.maxAgeMs + rules.clockToleranceMs ? 'the token is older than maxAge' : undefined
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}
