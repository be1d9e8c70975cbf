import { createPublicKey, type KeyObject } from 'node:crypto'
import { ALGORITHMS, type Algorithm, isAlgorithm, type KeyShape, keyShape } from './algorithms.ts'

/** A public key that may verify a signature, imported once. */
export interface VerifyKey {
  readonly key: KeyObject
  readonly shape: KeyShape
  /** The only algorithm it serves, where its JWK says so (RFC 7517 section 4.4). */
  readonly algorithm: Algorithm | undefined
  readonly kid: string | undefined
}

/** Whether this key may verify a signature made with `algorithm`. */
export function servesAlgorithm(key: VerifyKey, algorithm: Algorithm): boolean {
  return key.shape === ALGORITHMS[algorithm] && (key.algorithm ?? algorithm) === algorithm
}

/**
 * Reads the `publicKey` setting: PEM (SPKI, PKCS#1 or an X.509 certificate) or the JSON text of one JWK.
 * Throws an Error that says what was found; it never contains any of the text, which may be a private key by mistake.
 */
export function readPublicKey(text: string): VerifyKey {
  const trimmed = text.trim()
  if (trimmed.startsWith('{')) return readJwkText(trimmed)
  if (trimmed.includes('PRIVATE KEY-----')) throw new Error(PRIVATE_KEY)
  const key = importPem(trimmed)
  const shape = keyShape(key)
  if (shape === undefined) throw new Error(unsupported(key))
  return { key, shape, algorithm: undefined, kid: undefined }
}

/** Why a member of a key set cannot verify: it holds a private key, or we do not understand it (RFC 7517 section 5: ignore it). */
export type JwkProblem = 'private' | 'symmetric' | 'unusable'

/** Imports one JWK (RFC 7517). */
export function importJwk(jwk: unknown): VerifyKey | JwkProblem {
  if (!isObject(jwk)) return 'unusable'
  if (jwk.kty === 'oct') return 'symmetric'
  if (jwk.d !== undefined) return 'private'
  if (!isForVerifying(jwk)) return 'unusable'
  const key = importPublicJwk(jwk)
  const shape = key && keyShape(key)
  if (key === undefined || shape === undefined) return 'unusable'
  const { alg, kid } = jwk
  if (alg !== undefined && !(isAlgorithm(alg) && ALGORITHMS[alg] === shape)) return 'unusable'
  return { key, shape, algorithm: alg, kid: typeof kid === 'string' ? kid : undefined }
}

const PRIVATE_KEY =
  'publicKey: this is a private key; give the public key only, and treat the private one as leaked if it was stored here'

function readJwkText(text: string): VerifyKey {
  const jwk = parseJson(text)
  if (isObject(jwk) && Array.isArray(jwk.keys)) {
    throw new Error('publicKey: this is a key set (JWKS), not one key; give it as jwks')
  }
  const key = importJwk(jwk)
  if (key === 'private') throw new Error(PRIVATE_KEY)
  if (key === 'symmetric') throw new Error('publicKey: this JWK is a shared secret (kty "oct"); give it as secret')
  if (key === 'unusable') {
    throw new Error(
      'publicKey: unreadable JWK, expected a signature key of kty RSA (2048 bits or more), EC (P-256, P-384, P-521) or OKP (Ed25519)',
    )
  }
  return key
}

function importPem(text: string): KeyObject {
  try {
    return createPublicKey(text)
  } catch {
    throw new Error('publicKey: unreadable key, expected PEM ("-----BEGIN PUBLIC KEY-----" or a certificate) or a JWK')
  }
}

function unsupported(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return 'publicKey: the RSA key is shorter than 2048 bits; use a longer one'
  return `publicKey: a key of type ${key.asymmetricKeyType} is not supported, expected RSA, EC (P-256, P-384, P-521) or Ed25519`
}

function isForVerifying(jwk: Record<string, unknown>): boolean {
  const operations = jwk.key_ops
  if (jwk.use !== undefined && jwk.use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

function importPublicJwk(jwk: Record<string, unknown>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
