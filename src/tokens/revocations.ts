import type { Revocation } from './revocation.ts'

/** What a token is revoked by. */
export interface TokenIdentity {
  readonly jti: string | undefined
  readonly user: string | undefined
  /** ms since the epoch */
  readonly issuedAt: number | undefined
}

/** Who bears the token: somebody who comes, or a connection that is open. */
export type Bearer = 'newcomer' | 'open'

/** A revocation in force, by the name it is deleted by. */
export interface Listed extends Revocation {
  readonly id: string
}

/** The most revocations of one list. */
export const MAX_REVOCATIONS = 100_000

/**
 * A list of revocations, bounded: where it is full, of the older ones the one that ends first goes, one without an end
 * last. Two of the same add up: the later moment holds, and the later end.
 */
export class Revocations {
  readonly #kept = new Map<string, Revocation>()
  readonly #max: number
  readonly #onFull: () => void
  #isFull = false

  /** @param onFull told once when a revocation had to go, and again after there was room */
  constructor(max: number = MAX_REVOCATIONS, onFull: () => void = () => {}) {
    this.#max = max
    this.#onFull = onFull
  }

  get size(): number {
    return this.#kept.size
  }

  /** @param now ms since the epoch */
  add(revocation: Revocation, now: number): Listed {
    const id = idOf(revocation)
    const before = this.#kept.get(id)
    const sum = before && !isOver(before, now) ? together(before, revocation) : revocation
    // Last in the map: of those that end at once, the oldest goes first.
    this.#kept.delete(id)
    this.#kept.set(id, sum)
    if (this.#kept.size > this.#max) this.#makeRoom(now, id)
    else this.#isFull = false
    return { id, ...sum }
  }

  delete(id: string): boolean {
    return this.#kept.delete(id)
  }

  /** Those in force. */
  list(now: number): Listed[] {
    return [...this.#kept].flatMap(([id, one]) => (isOver(one, now) ? [] : [{ id, ...one }]))
  }

  /** The first that revokes a token; undefined: none does. */
  find(token: TokenIdentity, bearer: Bearer, now: number): Listed | undefined {
    if (this.#kept.size === 0) return undefined
    for (const id of idsOf(token)) {
      const one = this.#kept.get(id)
      if (one && isOver(one, now)) this.#kept.delete(id)
      else if (one && revokes(one, token, bearer)) return { id, ...one }
    }
    return undefined
  }

  /** The end of a token that a revocation without an end names became known: with the token the revocation is needed no more. */
  endsAt(id: string, until: number): void {
    const one = this.#kept.get(id)
    if (one?.jti !== undefined && one.until === undefined) this.#kept.set(id, { ...one, until })
  }

  /** @param newest stays: whoever made it is told that it is in force */
  #makeRoom(now: number, newest: string): void {
    for (const [id, one] of this.#kept) if (isOver(one, now)) this.#kept.delete(id)
    if (this.#kept.size <= this.#max) return
    let first: readonly [string, Revocation] | undefined
    for (const entry of this.#kept) {
      if (entry[0] !== newest && (!first || endOf(entry[1]) < endOf(first[1]))) first = entry
    }
    if (first) this.#kept.delete(first[0])
    if (!this.#isFull) this.#onFull()
    this.#isFull = true
  }
}

const endOf = ({ until = Number.POSITIVE_INFINITY }: Revocation) => until
const isOver = (one: Revocation, now: number) => endOf(one) <= now

/** The ids of different kinds differ in what stands before the colon. */
function idOf({ jti, user, issuedBefore }: Revocation): string {
  if (jti !== undefined) return `jti:${jti}`
  if (issuedBefore === undefined) return `user:${user}`
  return user === undefined ? 'issuedBefore' : `issuedBefore:${user}`
}

const idsOf = ({ jti, user }: TokenIdentity): string[] => [
  ...(user === undefined ? [] : [`user:${user}`, `issuedBefore:${user}`]),
  'issuedBefore',
  ...(jti === undefined ? [] : [`jti:${jti}`]),
]

/** Of a token that does not say when it was issued, nobody can tell that it is a later one. */
function revokes({ issuedBefore, refreshed }: Revocation, { issuedAt }: TokenIdentity, bearer: Bearer): boolean {
  if (refreshed && bearer === 'open') return false
  return issuedBefore === undefined || issuedAt === undefined || issuedAt < issuedBefore
}

function together(before: Revocation, next: Revocation): Revocation {
  const { refreshed: _, ...both } = { ...before, ...next }
  const until = Math.max(endOf(before), endOf(next))
  const { until: __, ...rest } = both
  return {
    ...rest,
    ...(next.issuedBefore === undefined ? {} : { issuedBefore: Math.max(next.issuedBefore, before.issuedBefore ?? 0) }),
    ...(until === Number.POSITIVE_INFINITY ? {} : { until }),
    ...(before.refreshed && next.refreshed ? { refreshed: true as const } : {}),
  }
}
