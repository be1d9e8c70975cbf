import { type ClaimRules, type Claims, judgeClaims } from './claims.ts'
import { tokenId } from './fingerprint.ts'
import type { Keys } from './keys.ts'
import { invalid, prove, type TokenProblem } from './prove.ts'
import { rememberTokens } from './remembered.ts'

/** What was found out about a token. */
export type TokenVerdict = { readonly ok: true; readonly claims: Claims } | TokenProblem

export interface VerifierOptions {
  readonly keys: Keys
  readonly rules: ClaimRules
  /** How many verified tokens are remembered (default 10,000). */
  readonly maxRemembered?: number
}

export interface Verifier {
  /**
   * Judges a compact JWS at `now` (ms since the epoch); at once when it is remembered. Never throws or rejects.
   * @param id its `tokenId`, where the caller has it
   */
  verify(token: string, now: number, id?: string): TokenVerdict | Promise<TokenVerdict>
  /** Plain counts, to be read at scrape: signatures computed, tokens answered from memory. */
  readonly counts: { readonly signatures: number; readonly remembered: number }
}

const MAX_TOKEN_LENGTH = 64 * 1024

/** A verifier of signed tokens (RFC 7519 over RFC 7515), following RFC 8725: pinned algorithms, keys of the algorithm's own family. */
export function createVerifier({ keys, rules, maxRemembered = 10_000 }: VerifierOptions): Verifier {
  const memory = rememberTokens(maxRemembered)
  const counts = { signatures: 0, remembered: 0 }

  function recall(id: string, now: number): TokenVerdict | undefined {
    const claims = memory.recall(id, keys.generation)
    if (claims === undefined) return undefined
    counts.remembered += 1
    const verdict = judge(claims, rules, now)
    if (isExpired(verdict)) memory.forget(id)
    return verdict
  }

  async function examine(token: string, id: string, now: number): Promise<TokenVerdict> {
    try {
      const proof = await prove(token, keys, () => {
        counts.signatures += 1
      })
      if ('ok' in proof) return proof
      const verdict = judge(proof.claims, rules, now)
      if (!isExpired(verdict)) memory.keep(id, proof.claims, proof.generation, proof.size)
      return verdict
    } catch {
      // A fault of ours is no admission and no unhandled rejection; its message might quote the token.
      return invalid('the token could not be verified')
    }
  }

  return {
    counts,
    verify(token, now, id = tokenId(token)) {
      if (token.length > MAX_TOKEN_LENGTH) return invalid(`the token is longer than ${MAX_TOKEN_LENGTH} characters`)
      // A key may have gone since a token was remembered: when the set is due, the answer waits for it.
      const due = memory.has(id) ? keys.refresh() : undefined
      if (due !== undefined) return due.then(() => recall(id, now) ?? examine(token, id, now))
      return recall(id, now) ?? examine(token, id, now)
    },
  }
}

function judge(claims: Claims, rules: ClaimRules, now: number): TokenVerdict {
  const verdict = judgeClaims(claims, rules, now)
  return verdict.ok ? { ok: true, claims } : verdict
}

function isExpired(verdict: TokenVerdict): boolean {
  return !verdict.ok && verdict.problem === 'expired'
}
