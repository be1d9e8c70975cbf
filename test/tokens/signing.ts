/** Signs tokens with node:crypto alone, so that what verifies them is not judged by itself; and makes the keys to do it. */
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export const SECRET = 'a secret of thirty-two bytes or so'
export const OTHER_SECRET = 'another secret of thirty-two bytes'

export interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export const rsa: Pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const p256: Pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const p384: Pair = generateKeyPairSync('ec', { namedCurve: 'P-384' })
export const p521: Pair = generateKeyPairSync('ec', { namedCurve: 'P-521' })
export const ed25519: Pair = generateKeyPairSync('ed25519')

type Signer = (input: string, key: KeyObject | string) => Buffer

const HASHES: Readonly<Record<string, string>> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' }

const SIGNERS: Readonly<Record<string, (hash: string) => Signer>> = {
  HS: (hash) => (input, key) => createHmac(hash, key).update(input).digest(),
  RS: (hash) => (input, key) => sign(hash, Buffer.from(input), key),
  PS: (hash) => (input, key) =>
    sign(hash, Buffer.from(input), {
      key: key as KeyObject, // only secrets are strings here
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    }),
  ES: (hash) => (input, key) => sign(hash, Buffer.from(input), { key: key as KeyObject, dsaEncoding: 'ieee-p1363' }), // as above
  Ed: () => (input, key) => sign(null, Buffer.from(input), key),
}

/** A compact JWS over any header and payload, signed as `signAs` says (default: the header's own `alg`). */
export function signToken(
  header: Readonly<Record<string, unknown>>,
  payload: unknown,
  key: KeyObject | string,
  signAs = String(header.alg),
): string {
  const input = `${segment(header)}.${segment(payload)}`
  const signer = SIGNERS[signAs.slice(0, 2)]?.(HASHES[signAs.slice(2)] ?? '')
  if (signer === undefined) return `${input}.`
  return `${input}.${signer(input, key).toString('base64url')}`
}

export function segment(value: unknown): string {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  return bytes.toString('base64url')
}

export function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

export function jwk(key: KeyObject, extra: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { ...key.export({ format: 'jwk' }), ...extra }
}
