import type { KeyObject } from 'node:crypto'
import { type Algorithm, isAlgorithm } from './algorithms.ts'
import type { Claims } from './claims.ts'
import { readHeader, verifySignature } from './jose.ts'
import type { KeyQuery } from './key-set.ts'
import type { Keys } from './keys.ts'

/** What a good signature proves. */
export interface Proof {
  readonly claims: Claims
  /** Of the keys that proved it. */
  readonly generation: number
  /** Of the payload, in bytes. */
  readonly size: number
}

/** Why a token proves nothing; `detail` is for operators and contains none of it. */
export interface TokenProblem {
  readonly ok: false
  /** `expired`: good but for its age. `unavailable`: the key set's endpoint never answered. `invalid`: anything else. */
  readonly problem: 'invalid' | 'expired' | 'unavailable'
  readonly detail: string
}

/**
 * Verifies the signature of a compact JWS whose payload is a JSON object. `onSignature` is called before each key tried.
 * Rejects only for a fault of ours.
 */
export async function prove(token: string, keys: Keys, onSignature: () => void): Promise<Proof | TokenProblem> {
  const query = readQuery(token, keys.algorithms)
  if ('ok' in query) return query
  const finding = keys.find(query)
  // No await where none is needed: the generation must be that of the keys found.
  const found = finding instanceof Promise ? await finding : finding
  const { generation } = keys
  if ('unavailable' in found) return { ok: false, problem: 'unavailable', detail: found.unavailable }
  if (found.length === 0) return invalid('no key has the algorithm and "kid" the token names')
  const payload = await firstPayload(token, query.algorithm, found, onSignature)
  if (payload === undefined) return invalid('the signature does not match')
  const claims = readClaims(payload)
  if (claims === undefined) return invalid('the payload is not a JSON object')
  return { claims, generation, size: payload.byteLength }
}

/** A token that is invalid, and why. */
export function invalid(detail: string): TokenProblem {
  return { ok: false, problem: 'invalid', detail }
}

function readQuery(token: string, algorithms: ReadonlySet<Algorithm>): KeyQuery | TokenProblem {
  const header = readHeader(token)
  if (header === undefined) return invalid('the token is not a signed JWT')
  const { alg, kid, crit, b64 } = header
  if (!isAlgorithm(alg) || !algorithms.has(alg)) return invalid('the algorithm is not one of those configured')
  // RFC 7515 section 4.1.11 and RFC 7797 section 7: we understand no critical extension, and a JWT never has b64 false.
  if (crit !== undefined || b64 === false) return invalid('the header demands an extension that is not supported')
  if (kid !== undefined && typeof kid !== 'string') return invalid('the header\'s "kid" is not a string')
  return { algorithm: alg, kid }
}

async function firstPayload(
  token: string,
  algorithm: Algorithm,
  candidates: readonly KeyObject[],
  onSignature: () => void,
): Promise<Uint8Array | undefined> {
  for (const key of candidates) {
    onSignature()
    const payload = await verifySignature(token, algorithm, key)
    if (payload !== undefined) return payload
  }
  return undefined
}

function readClaims(payload: Uint8Array): Claims | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return Object.freeze(value as Record<string, unknown>) // an object parsed from JSON has no other keys
  } catch {
    return undefined
  }
}
