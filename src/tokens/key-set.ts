import { createHash, type KeyObject } from 'node:crypto'
import { ALGORITHM_NAMES, type Algorithm } from './algorithms.ts'
import { importJwk, type JwkProblem, servesAlgorithm, type VerifyKey } from './verify-key.ts'

/** What a token's header says about the key it wants. */
export interface KeyQuery {
  readonly algorithm: Algorithm
  /** A lookup key and nothing else: never a path, a URL or a query (trap 26). */
  readonly kid: string | undefined
}

/** The set was never fetched, and this is what its endpoint did; holds nothing of the URL or of the answer's body. */
interface Unavailable {
  readonly unavailable: string
}

/** The keys that may have signed a token, or why there are none to look among. */
export type FoundKeys = readonly KeyObject[] | Unavailable

/** Public keys that may change while we run (JWKS, RFC 7517 section 5). */
export interface KeySet {
  /** Changes whenever the set's content does: what an older generation verified must be verified again. */
  readonly generation: number
  /** Whether the set may hold a key for this algorithm. */
  serves(algorithm: Algorithm): boolean
  /** undefined when the keys at hand may be used now, else a promise to wait for; it never rejects. */
  refresh(): Promise<void> | undefined
  /** The keys to try for a token; its promise never rejects. */
  find(query: KeyQuery): FoundKeys | Promise<FoundKeys>
}

/** A key set that cannot be used; its message holds nothing of the set. */
export class UnusableKeySet extends Error {}

/** The usable keys of a JWKS document, and how many members were passed over for which reason. */
export interface ParsedKeySet {
  readonly keys: readonly VerifyKey[]
  readonly ignored: Readonly<Record<JwkProblem, number>>
  /** SHA-256 over the usable keys, whatever their order. */
  readonly content: string
}

const MAX_KEYS = 100
/** Without a `kid` every key of the right kind may be the one; more than this many are not tried for one token. */
const MAX_TRIED = 8

/** Reads a JWKS document. Throws UnusableKeySet when it is none or holds over 100 keys; members we do not understand are ignored. */
export function parseKeySet(text: string): ParsedKeySet {
  const members = readMembers(text)
  if (members.length > MAX_KEYS) throw new UnusableKeySet(`holds ${members.length} keys, at most ${MAX_KEYS} are taken`)
  const ignored = { private: 0, symmetric: 0, unusable: 0 }
  const keys: VerifyKey[] = []
  for (const member of members) {
    const key = importJwk(member)
    if (typeof key === 'string') ignored[key] += 1
    else keys.push(key)
  }
  return { keys, ignored, content: contentHash(keys) }
}

/** The key set of a JWKS file, given as its text. Throws an Error saying what is wrong; a file holding a private key is refused. */
export function staticKeySet(text: string): KeySet {
  const { keys, ignored } = parseOrExplain(text)
  if (ignored.private > 0) throw new Error('jwks: the file holds a private key; publish the public keys only')
  if (keys.length === 0) throw new Error(`jwks: the file holds no usable key${whyNone(ignored)}`)
  return {
    generation: 0,
    serves: (algorithm) => keys.some((key) => servesAlgorithm(key, algorithm)),
    refresh: () => undefined,
    find: (query) => selectKeys(keys, query),
  }
}

/** The keys that may have signed a token: those of its algorithm, and of its `kid` where it names one. */
export function selectKeys(keys: readonly VerifyKey[], query: KeyQuery): KeyObject[] {
  const matching = keys.filter(
    (key) => servesAlgorithm(key, query.algorithm) && (query.kid === undefined || key.kid === query.kid),
  )
  return matching.slice(0, MAX_TRIED).map((key) => key.key)
}

/** The algorithms a set serves, in the order of the table. */
export function servedAlgorithms(set: KeySet): Algorithm[] {
  return ALGORITHM_NAMES.filter((algorithm) => set.serves(algorithm))
}

function readMembers(text: string): unknown[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new UnusableKeySet('is not JSON')
  }
  const keys = typeof parsed === 'object' && parsed !== null && 'keys' in parsed ? parsed.keys : undefined
  if (!Array.isArray(keys)) throw new UnusableKeySet('has no "keys" array')
  return keys
}

function contentHash(keys: readonly VerifyKey[]): string {
  const lines = keys.map(({ key, algorithm, kid }) =>
    JSON.stringify([kid, algorithm, key.export({ type: 'spki', format: 'der' }).toString('base64')]),
  )
  return createHash('sha256').update(lines.sort().join('\n')).digest('base64')
}

function parseOrExplain(text: string): ParsedKeySet {
  try {
    return parseKeySet(text)
  } catch (error) {
    if (error instanceof UnusableKeySet) throw new Error(`jwks: the file ${error.message}`)
    throw error
  }
}

/** Of a set without a usable key: what was expected. */
export function whyNone(ignored: ParsedKeySet['ignored']): string {
  if (ignored.symmetric > 0) return ' (a key of kty "oct" is a shared secret: give it as secret)'
  return ', expected signature keys of kty RSA (2048 bits or more), EC (P-256, P-384, P-521) or OKP (Ed25519)'
}
