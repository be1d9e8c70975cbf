import { cookieName } from './cookies.ts'
import { protocolIndexes } from './find-token.ts'
import { decodeComponent, splitPair } from './query.ts'
import type { TokenSource } from './sources.ts'

/** The raw query without the parameter `name` (as decoded once); what stays is byte for byte what came. */
export function stripQuery(rawQuery: string, name: string): string {
  const pairs = rawQuery.split('&')
  return pairs.filter((pair) => decodeComponent(splitPair(pair).name) !== name).join('&')
}

/** One Cookie line without the cookie `name`, the others byte for byte; undefined when none is left. */
export function stripCookie(headerValue: string, name: string): string | undefined {
  const pairs = headerValue.split(';')
  const kept = pairs.filter((pair) => cookieName(pair) !== name)
  if (kept.length === pairs.length) return headerValue
  const line = kept.join(';').trimStart()
  return /^[;\s]*$/.test(line) ? undefined : line
}

/** The offered subprotocols without the token `source` finds there, nor the word that announced it. */
export function stripProtocols(protocols: readonly string[], source: TokenSource): string[] {
  const gone = new Set(protocolIndexes(protocols, source))
  if (source.kind === 'protocol-after') {
    for (const index of [...gone]) gone.add(index - 1)
  }
  return protocols.filter((_, index) => !gone.has(index))
}
