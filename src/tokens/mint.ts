import { createSecretKey } from 'node:crypto'
import { signHs256 } from './jose.ts'

export interface MintOptions {
  /** HMAC secret, taken as UTF-8 bytes. */
  readonly secret: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly ttlSeconds: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * Mints an HS256 token for development: the claims, with `iat` now and `exp` after `ttlSeconds` (which may be negative)
 * unless the claims bring their own. Rejects with an Error for an empty secret.
 */
export async function mintToken({ secret, claims, ttlSeconds, now }: MintOptions): Promise<string> {
  if (secret === '') throw new Error('secret: it is empty; give one of 32 bytes or more')
  const iat = Math.floor(now / 1000)
  return await signHs256({ iat, exp: iat + Math.floor(ttlSeconds), ...claims }, createSecretKey(secret, 'utf8'))
}
