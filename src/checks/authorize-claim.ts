/** Whether a claim of the token equals a part of the URL. */
import type { HandshakeCheck } from '../policy/check.ts'
import { passed, refuse } from '../policy/verdict.ts'
import { inexactClaim, isInexact } from '../tokens/claims.ts'
import type { ValueSource } from './value.ts'

export interface ClaimEntry {
  readonly claim: string
  readonly equals: ValueSource
}

export const claimEquals =
  ({ claim, equals }: ClaimEntry): HandshakeCheck =>
  (connection) => {
    const held = connection.claims?.[claim]
    if (isInexact(held)) return refuse('access_denied', inexactClaim(claim))
    const wanted = equals.read(connection)
    const isHeld = wanted !== undefined && wanted !== '' && isScalar(held) && String(held) === wanted
    if (!isHeld) return refuse('access_denied', `claim ${claim} does not equal ${equals.text}`)
    return passed(`claim ${claim} equals ${equals.text}`)
  }

const isScalar = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number'
