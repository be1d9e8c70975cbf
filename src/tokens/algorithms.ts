import type { KeyObject } from 'node:crypto'

/** What a key must be to serve an algorithm. A secret never has the shape of a public key, so neither can stand in for the other. */
export type KeyShape = 'secret' | 'RSA' | 'P-256' | 'P-384' | 'P-521' | 'Ed25519'

/** The JWS algorithms we verify and the key each needs: RFC 7518 section 3.1, RFC 8037, and RFC 9864 for the name Ed25519. */
export const ALGORITHMS = {
  HS256: 'secret',
  HS384: 'secret',
  HS512: 'secret',
  RS256: 'RSA',
  RS384: 'RSA',
  RS512: 'RSA',
  PS256: 'RSA',
  PS384: 'RSA',
  PS512: 'RSA',
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
  EdDSA: 'Ed25519',
  Ed25519: 'Ed25519',
} as const satisfies Record<string, KeyShape>

export type Algorithm = keyof typeof ALGORITHMS

export const ALGORITHM_NAMES = Object.keys(ALGORITHMS) as Algorithm[] // Object.keys widens to string[]

const OWN_ALGORITHM: Record<KeyShape, Algorithm> = {
  secret: 'HS256',
  RSA: 'RS256',
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
}

const CURVES: Readonly<Record<string, KeyShape>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

/** Whether `value` names an algorithm we verify; `none` never does. */
export function isAlgorithm(value: unknown): value is Algorithm {
  return typeof value === 'string' && Object.hasOwn(ALGORITHMS, value)
}

/** Reads one entry of the `algorithms` setting. Throws an Error that names those there are. */
export function parseAlgorithm(text: string): Algorithm {
  if (isAlgorithm(text)) return text
  if (text.toLowerCase() === 'none') {
    throw new Error('algorithms: "none" means an unsigned token and is never accepted; remove it')
  }
  throw new Error(
    `algorithms: unknown algorithm ${JSON.stringify(text)}, expected one of ${ALGORITHM_NAMES.join(', ')}`,
  )
}

/** The algorithm a key serves when none is configured. */
export function ownAlgorithm(shape: KeyShape): Algorithm {
  return OWN_ALGORITHM[shape]
}

/** The shape of a key, or undefined for one that serves none of our algorithms (a weak RSA key, another curve). */
export function keyShape(key: KeyObject): KeyShape | undefined {
  if (key.type === 'secret') return 'secret'
  const details = key.asymmetricKeyDetails
  if (key.asymmetricKeyType === 'rsa') return (details?.modulusLength ?? 0) >= 2048 ? 'RSA' : undefined
  if (key.asymmetricKeyType === 'ec') return CURVES[details?.namedCurve ?? '']
  return key.asymmetricKeyType === 'ed25519' ? 'Ed25519' : undefined
}
