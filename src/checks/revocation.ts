/** Whether a verified token was revoked: by its route's file, or by an operator. */
import { type Refusal, refuse } from '../policy/verdict.ts'
import { type Claims, expiresAt } from '../tokens/claims.ts'
import type { RevocationFile } from '../tokens/revocation-file.ts'
import type { Bearer, Listed, Revocations } from '../tokens/revocations.ts'

interface RevocationSettings {
  readonly revocations?: RevocationFile | undefined
  /** The claim that names the user. */
  readonly user: string
  readonly expiry: 'enforce' | 'ignore'
}

/** The refusal of a revoked token; undefined where it is not. `now` is in ms since the epoch. */
type Revoked = (claims: Claims, bearer: Bearer, now: number) => Refusal | undefined

/**
 * @param shared over all routes
 * @param longestTolerance how long after its `exp` any route may accept a token, ms; undefined: for ever
 */
export function revocation(settings: RevocationSettings, shared: Revocations, longestTolerance?: number): Revoked {
  const { user, revocations } = settings
  const lists = revocations ? [shared, revocations.list] : [shared]
  return (claims, bearer, now) => {
    const token = { jti: userOf(claims.jti), user: userOf(claims[user]), issuedAt: momentOf(claims.iat) }
    for (const list of lists) {
      const found = list.find(token, bearer, now)
      if (!found) continue
      // Now it is known how long the token it names could be shown.
      const end = longestTolerance === undefined ? undefined : expiresAt(claims, forgetting(longestTolerance))
      if (end !== undefined && settings.expiry === 'enforce') list.endsAt(found.id, end)
      return refuse('token_revoked', describe(found))
    }
    return undefined
  }
}

const forgetting = (clockToleranceMs: number) => ({ clockToleranceMs, expiry: 'enforce' as const })

const momentOf = (claim: unknown): number | undefined => (typeof claim === 'number' ? claim * 1000 : undefined)

/** A claim that names a user or a token, as text. */
export const userOf = (claim: unknown): string | undefined =>
  typeof claim === 'string' || typeof claim === 'number' ? String(claim) : undefined

function describe({ jti, user, issuedBefore }: Listed): string {
  if (jti !== undefined) return 'its jti is revoked'
  const whose = user === undefined ? '' : ' of its user'
  if (issuedBefore === undefined) return 'all tokens of its user are revoked'
  return `tokens${whose} issued before ${new Date(issuedBefore).toISOString()} are revoked`
}
