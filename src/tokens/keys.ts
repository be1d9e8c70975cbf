import { createSecretKey, type KeyObject } from 'node:crypto'
import { ALGORITHMS, type Algorithm, ownAlgorithm, parseAlgorithm } from './algorithms.ts'
import { type FoundKeys, type KeyQuery, type KeySet, servedAlgorithms } from './key-set.ts'
import { readPublicKey, servesAlgorithm, type VerifyKey } from './verify-key.ts'

/** What the configuration gives a verifier to check signatures with; at least one of secrets, publicKey and jwks. */
export interface KeyConfig {
  /** HMAC secrets, taken as UTF-8 bytes; several while one replaces another. */
  readonly secrets?: readonly string[] | undefined
  /** PEM (SPKI or X.509 certificate) or the JSON text of one JWK. */
  readonly publicKey?: string | undefined
  readonly jwks?: KeySet | undefined
  /** The only algorithms accepted. Default: HS256 for secrets, the key's own for publicKey, all it serves for jwks. */
  readonly algorithms?: readonly string[] | undefined
}

/** The keys of one verifier, imported once. */
export interface Keys {
  readonly algorithms: ReadonlySet<Algorithm>
  /** Changes when a key may have gone: what was verified before must be verified again. */
  readonly generation: number
  /** undefined when the keys at hand may be used now, else a promise to wait for; it never rejects. */
  refresh(): Promise<void> | undefined
  /** The keys that may have signed a token, by the family of its algorithm and its `kid`. */
  find(query: KeyQuery): FoundKeys | Promise<FoundKeys>
}

interface Sources {
  readonly secrets: readonly KeyObject[]
  readonly publicKey: VerifyKey | undefined
  readonly jwks: KeySet | undefined
}

const MAX_SECRETS = 16
/** RFC 7518 section 3.2: an HS256 key has at least 256 bits. */
const STRONG_SECRET_BYTES = 32

/** Imports the configured keys. Throws an Error naming the setting, what was expected and what to do; never a key. */
export function compileKeys(config: KeyConfig): Keys {
  const publicKey = config.publicKey === undefined ? undefined : readPublicKey(config.publicKey)
  const sources = { secrets: readSecrets(config.secrets), publicKey, jwks: config.jwks }
  const algorithms = readAlgorithms(config.algorithms, sources)
  const { secrets, jwks } = sources
  return {
    algorithms,
    get generation() {
      return jwks?.generation ?? 0
    },
    refresh: () => jwks?.refresh(),
    find(query) {
      if (ALGORITHMS[query.algorithm] === 'secret') return secrets
      const own = publicKey !== undefined && servesAlgorithm(publicKey, query.algorithm) ? [publicKey.key] : []
      if (jwks === undefined) return own
      const found = jwks.find(query)
      return found instanceof Promise ? found.then((keys) => join(own, keys)) : join(own, found)
    },
  }
}

/** How many HMAC secrets are shorter than 32 bytes and can be guessed offline; the caller warns. */
export function weakSecrets(secrets: readonly string[]): number {
  return secrets.filter((secret) => Buffer.byteLength(secret) < STRONG_SECRET_BYTES).length
}

function readSecrets(secrets: readonly string[] | undefined): KeyObject[] {
  if (secrets === undefined) return []
  if (secrets.length === 0) throw new Error('secrets: the list is empty; give at least one secret or remove it')
  if (secrets.length > MAX_SECRETS) throw new Error(`secrets: at most ${MAX_SECRETS} are tried; remove the oldest`)
  if (secrets.includes(''))
    throw new Error('secret: it is empty, anyone could sign with it; give one of 32 bytes or more')
  return secrets.map((secret) => createSecretKey(secret, 'utf8'))
}

function readAlgorithms(configured: readonly string[] | undefined, sources: Sources): Set<Algorithm> {
  const { secrets, publicKey, jwks } = sources
  if (secrets.length === 0 && publicKey === undefined && jwks === undefined) {
    throw new Error('token: there is no key; give secret, secrets, publicKey or jwks')
  }
  if (configured === undefined) return defaultAlgorithms(sources)
  if (configured.length === 0) throw new Error('algorithms: the list is empty; name one or remove it')
  const algorithms = configured.map(parseAlgorithm)
  for (const algorithm of algorithms) {
    if (!isServed(algorithm, sources)) throw new Error(notServed(algorithm))
  }
  return new Set(algorithms)
}

function defaultAlgorithms({ secrets, publicKey, jwks }: Sources): Set<Algorithm> {
  const algorithms = new Set<Algorithm>(jwks === undefined ? [] : servedAlgorithms(jwks))
  if (secrets.length > 0) algorithms.add('HS256')
  if (publicKey !== undefined) algorithms.add(publicKey.algorithm ?? ownAlgorithm(publicKey.shape))
  return algorithms
}

function isServed(algorithm: Algorithm, { secrets, publicKey, jwks }: Sources): boolean {
  if (ALGORITHMS[algorithm] === 'secret') return secrets.length > 0
  if (publicKey !== undefined && servesAlgorithm(publicKey, algorithm)) return true
  return jwks?.serves(algorithm) ?? false
}

function notServed(algorithm: Algorithm): string {
  const shape = ALGORITHMS[algorithm]
  const needed = shape === 'secret' ? 'a secret (a public key never serves it)' : `a public key of type ${shape}`
  return `algorithms: no key serves ${algorithm}, it needs ${needed}; give one or remove it`
}

function join(own: readonly KeyObject[], found: FoundKeys): FoundKeys {
  if ('unavailable' in found) return own.length > 0 ? own : found
  return [...own, ...found]
}
