import type { KeyObject } from 'node:crypto'
import { CompactSign, compactVerify, decodeProtectedHeader, errors } from 'jose'
import { ALGORITHMS, type Algorithm } from './algorithms.ts'

/** The members of a JWS header that we read. `jwk`, `jku`, `x5u` and `x5c` are not among them (trap 26). */
export interface TokenHeader {
  readonly alg: unknown
  readonly kid: unknown
  readonly crit: unknown
  readonly b64: unknown
}

/** Reads a compact JWS's header, which nothing has verified yet; undefined when it has none. */
export function readHeader(token: string): TokenHeader | undefined {
  try {
    const { alg, kid, crit, b64 } = decodeProtectedHeader(token)
    return { alg, kid, crit, b64 }
  } catch {
    return undefined
  }
}

/**
 * The payload of a compact JWS (RFC 7515) that `key` signed with exactly `algorithm`; undefined when the signature is
 * another's or the token is malformed.
 */
export async function verifySignature(
  token: string,
  algorithm: Algorithm,
  key: KeyObject,
): Promise<Uint8Array | undefined> {
  const usable = ALGORITHMS[algorithm] === 'secret' ? await importSecret(key, algorithm) : key
  try {
    const { payload } = await compactVerify(token, usable, { algorithms: [algorithm] })
    return payload
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}

/** Signs claims with HS256 and answers the compact JWS. */
export function signHs256(claims: Readonly<Record<string, unknown>>, secret: KeyObject): Promise<string> {
  const payload = new TextEncoder().encode(JSON.stringify(claims))
  return new CompactSign(payload).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(secret)
}

type HmacKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

const imported = new WeakMap<KeyObject, Map<Algorithm, Promise<HmacKey>>>()

/** jose imports a raw secret anew for every token, which costs as much again as the verification. */
function importSecret(key: KeyObject, algorithm: Algorithm): Promise<HmacKey> {
  const known = imported.get(key) ?? new Map<Algorithm, Promise<HmacKey>>()
  imported.set(key, known)
  const hash = `SHA-${algorithm.slice(2)}`
  const usable =
    known.get(algorithm) ?? crypto.subtle.importKey('raw', key.export(), { name: 'HMAC', hash }, false, ['verify'])
  known.set(algorithm, usable)
  return usable
}
