/** What a token that was shown comes to: whose it is, and until when; wherever it was shown. */
import type { Connection, Learned } from '../policy/connection.ts'
import { andThen } from '../policy/soon.ts'
import { passed, refuse, type Verdict } from '../policy/verdict.ts'
import { type ClaimRules, type Claims, expiresAt, inexactClaim, isInexact, judgeClaims } from '../tokens/claims.ts'
import { fingerprint, tokenId } from '../tokens/fingerprint.ts'
import { compileKeys } from '../tokens/keys.ts'
import type { RevocationFile } from '../tokens/revocation-file.ts'
import { payloadOf } from '../tokens/route-tokens.ts'
import type { TokenSource } from '../tokens/sources.ts'
import type { TicketedToken } from '../tokens/tickets.ts'
import { createVerifier, type TokenVerdict } from '../tokens/verify.ts'
import type { Assembly } from './define.ts'
import { revocation, userOf } from './revocation.ts'
import { type KeySettings, keyConfig } from './token-keys.ts'

/** The settings of a token that say when it is good. */
export interface TokenRules extends KeySettings {
  readonly issuer?: readonly string[] | undefined
  readonly audience?: readonly string[] | undefined
  readonly clockTolerance: number
  readonly maxAge?: number | undefined
  readonly maxLength: number
  readonly requiredClaims: readonly string[]
  readonly user: string
  readonly expiry: 'enforce' | 'ignore'
  readonly closeOnExpiry: boolean
  readonly revocations?: RevocationFile | undefined
}

/** A token, and where it stood. */
interface Shown {
  readonly source: TokenSource
  readonly token: string
}

export interface TokenJudge {
  /** Verifies a token as of a connection's `at`. */
  readonly judge: (shown: Shown, connection: Connection) => Verdict | Promise<Verdict>
  /** What a ticket comes to: the token that it stands for is judged as if it were shown now, but for its signature. */
  readonly redeemed: (
    ticket: { readonly source: string; readonly ticket: string },
    found: TicketedToken | undefined,
    connection: Connection,
  ) => Verdict
}

export function tokenJudge(config: TokenRules, assembly: Assembly): TokenJudge {
  const rules = claimRules(config)
  const verifier = createVerifier({ keys: compileKeys(keyConfig(config, assembly.keySet)), rules })
  const conclude = concluding(config, rules, assembly)
  return {
    judge: ({ source, token }, connection) => {
      const id = tokenId(token)
      const facts = factsOf(source, token, id)
      if (token.length > config.maxLength) {
        return refuse('token_invalid', `a token of ${token.length} bytes, maxLength ${config.maxLength}`, facts)
      }
      return andThen(verifier.verify(token, connection.at, id), (verdict) => conclude(verdict, facts, connection))
    },
    redeemed: ({ source, ticket }, found, connection) => {
      if (!found) {
        const facts = { token: { source, ...fingerprint(ticket), preview: '' } }
        return refuse('token_invalid', 'the ticket is unknown, used or expired', facts)
      }
      // Signed, and read once before: it is an object.
      const claims = JSON.parse(Buffer.from(found.payload, 'base64url').toString('utf8')) as Claims
      const verdict = judgeClaims(claims, rules, connection.at)
      const facts = { token: { source, ...found.fingerprint }, payload: found.payload }
      return conclude(verdict.ok ? { ok: true, claims } : verdict, facts, connection)
    },
  }
}

const REASON = { invalid: 'token_invalid', expired: 'token_expired', unavailable: 'internal_error' } as const

/** Facts of a token that a refusal may tell too. */
type Facts = Pick<Learned, 'token' | 'payload'>

/** A handshake shows its token again to whoever asks for its payload; a message is not kept. */
function factsOf({ text, kind }: TokenSource, token: string, id: string): Facts {
  const facts = { token: { source: text, ...fingerprint(token, id) } }
  return kind === 'message' ? { ...facts, payload: payloadOf(token) } : facts
}

/** What follows of a verified token, or of one that could not be. */
function concluding(config: TokenRules, rules: ClaimRules, assembly: Assembly) {
  const revoked = revocation(config, assembly.revocations, assembly.longestTolerance)
  return (verdict: TokenVerdict, { token, payload }: Facts, { at }: Connection): Verdict => {
    const facts = { token }
    if (!verdict.ok) return refuse(REASON[verdict.problem], verdict.detail, facts)
    const { claims } = verdict
    if (isInexact(claims[config.user])) return refuse('token_invalid', inexactClaim(config.user), facts)
    const refusal = revoked(claims, 'newcomer', at)
    if (refusal) return { ...refusal, learned: facts }
    const user = userOf(claims[config.user])
    const end = config.closeOnExpiry ? expiresAt(claims, rules) : undefined
    const learned = { token, claims, payload, user, expiresAt: end }
    return passed(`${token?.source} is valid${user === undefined ? '' : `, user ${user}`}`, learned)
  }
}

const claimRules = (config: TokenRules): ClaimRules => ({
  issuer: config.issuer,
  audience: config.audience,
  clockToleranceMs: config.clockTolerance,
  maxAgeMs: config.maxAge,
  requiredClaims: config.requiredClaims,
  expiry: config.expiry,
})
