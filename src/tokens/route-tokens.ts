/** What a route's token sources mean for what is echoed, logged and passed to the backend. */
import { findToken, headerToken, type TokenRequest, tokenProtocols } from './find-token.ts'
import { maskQuery } from './mask-query.ts'
import { nameMatcher } from './query.ts'
import type { TokenSource } from './sources.ts'
import { stripCookie, stripProtocols, stripQuery } from './strip-token.ts'

/** Which of the offered subprotocols are tokens, how a query string is logged, and what a token says in its own bytes. */
export const tokenTraces = (sources: readonly TokenSource[]) => {
  const match = nameMatcher(sources.flatMap((source) => (source.kind === 'query' ? [source.name] : [])))
  return {
    tokenProtocols: (protocols: readonly string[]) => tokenProtocols(protocols, sources),
    maskQuery: (query: string) => maskQuery(query, match),
    // Found again where it is asked for: to keep it would cost every open connection its size.
    payload: (request: TokenRequest) => payloadOf(findToken(sources, request)?.token ?? ''),
  }
}

/** The payload of a compact JWS, base64url as it was signed: JSON written anew would change numbers beyond 2^53. */
export const payloadOf = (token: string): string =>
  Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('base64url')

/** How a handshake looks without its token, wherever a source finds one. */
export const tokenStrip = (sources: readonly TokenSource[]) => ({
  query: (query: string) =>
    sources.reduce((left, source) => (source.kind === 'query' ? stripQuery(left, source.name) : left), query),
  header: (name: string, value: string): string | undefined => {
    if (sources.some((source) => source.kind === 'header' && source.name === name && holdsToken(source, value)))
      return undefined
    if (name !== 'cookie') return value
    return sources.reduce<string | undefined>(
      (left, source) => (source.kind === 'cookie' && left !== undefined ? stripCookie(left, source.name) : left),
      value,
    )
  },
  protocols: (protocols: readonly string[]) =>
    sources.reduce<readonly string[]>((left, source) => stripProtocols(left, source), protocols),
})

/** `Authorization: Basic …` is no token where a Bearer one is expected, and stays. */
const holdsToken = (source: Extract<TokenSource, { kind: 'header' }>, value: string): boolean =>
  headerToken(value, source.bearer) !== ''
