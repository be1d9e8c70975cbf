import { holdsJwt } from './looks-like-jwt.ts'
import { type NameMatcher, splitPair } from './query.ts'

const MAX_LENGTH = 2_048
const MASK = '***'

/**
 * A raw query fit for a log line (trap 29): the values of the names of a matcher, and whatever holds a JWT, however encoded,
 * become `***`. At most 2,048 characters of printable ASCII.
 */
export function maskQuery(rawQuery: string, match: NameMatcher): string {
  const masked = rawQuery.split('&').map((pair) => maskPair(pair, match))
  return masked
    .join('&')
    .slice(0, MAX_LENGTH)
    .replace(/[^\x20-\x7e]/g, '?')
}

function maskPair(pair: string, match: NameMatcher): string {
  // Some servers take `;` for `&`; to us it is part of the value.
  if (!pair.includes(';') || match(splitPair(pair).name) !== undefined) return maskPart(pair, match)
  return pair
    .split(';')
    .map((part) => maskPart(part, match))
    .join(';')
}

function maskPart(part: string, match: NameMatcher): string {
  const { name } = splitPair(part)
  if (holdsJwt(name)) return MASK
  return match(name) !== undefined || holdsJwt(part) ? `${name}=${MASK}` : part
}
