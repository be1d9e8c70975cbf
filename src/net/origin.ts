/** Origins (RFC 6454): what a browser says of the page that connects, and what a setting allows. */
import { isAddress, parseHost } from './host.ts'

/** A parsed origin. */
export interface Origin {
  readonly scheme: string
  readonly host: string
  /** The scheme's default where none was given; 0 where the scheme has none. */
  readonly port: number
}

/** An entry of `origin.allow`. `subdomains` matches any name below the host, and not the host. */
export type OriginPattern =
  | { readonly kind: 'null' | 'same' }
  | { readonly kind: 'exact' | 'subdomains'; readonly origin: Origin }

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['https', 443],
])
const MAX_LENGTH = 320

/**
 * Parses an Origin header: `scheme://host[:port]` and nothing else, not even a final slash. Undefined for the rest,
 * `null` included, which is the caller's to judge.
 */
export function parseOrigin(text: string): Origin | undefined {
  const [, scheme = '', rest = ''] = (text.length <= MAX_LENGTH && /^([a-z][a-z0-9+.-]*):\/\/(.+)$/i.exec(text)) || []
  const authority = parseHost(rest)
  if (!authority) return undefined
  const lower = scheme.toLowerCase()
  return { scheme: lower, host: authority.host, port: authority.port ?? DEFAULT_PORTS.get(lower) ?? 0 }
}

/**
 * Compiles an entry of `origin.allow`: an origin, `https://*.example.com` (any depth, not the apex), `null`, or `same`.
 * Throws what was expected.
 */
export function compileOrigin(pattern: string): OriginPattern {
  if (pattern === 'null' || pattern === 'same') return { kind: pattern }
  const wildcard = pattern.includes('://*.')
  const origin = parseOrigin(wildcard ? pattern.replace('://*.', '://') : pattern)
  if (!origin) throw new Error(`${pattern}: ${complaint(pattern)}`)
  if (/^wss?$/.test(origin.scheme)) {
    throw new Error(`${pattern}: a page's origin is http or https, did you mean "${pattern.replace(/^ws/i, 'http')}"?`)
  }
  if (wildcard && isAddress(origin.host))
    throw new Error(`${pattern}: an address has no subdomains, list it without "*."`)
  return { kind: wildcard ? 'subdomains' : 'exact', origin }
}

/**
 * Compiles `origin.allow` to one question about an Origin header and the Host header beside it, both raw. `same` holds
 * where the host and port of both are equal; a Host without a port has the default port of the Origin's scheme.
 * Throws as `compileOrigin` does.
 */
export function compileOrigins(patterns: readonly string[]): (originHeader: string, hostHeader: string) => boolean {
  const compiled = patterns.map(compileOrigin)
  const words = new Set(compiled.map(({ kind }) => kind))
  const exact = new Set(compiled.flatMap((pattern) => (pattern.kind === 'exact' ? formatOrigin(pattern.origin) : [])))
  const parents = compiled.flatMap((pattern) => (pattern.kind === 'subdomains' ? pattern.origin : []))
  return (originHeader, hostHeader) => {
    if (originHeader === 'null') return words.has('null')
    const origin = parseOrigin(originHeader)
    if (!origin) return false
    if (exact.has(formatOrigin(origin))) return true
    if (words.has('same') && isSame(origin, hostHeader)) return true
    return parents.some((parent) => isBelow(origin, parent))
  }
}

function isSame(origin: Origin, hostHeader: string): boolean {
  const defaultPort = DEFAULT_PORTS.get(origin.scheme)
  const host = parseHost(hostHeader)
  if (!host || defaultPort === undefined) return false
  return origin.host === host.host && origin.port === (host.port ?? defaultPort)
}

function isBelow(origin: Origin, parent: Origin): boolean {
  return origin.scheme === parent.scheme && origin.port === parent.port && origin.host.endsWith(`.${parent.host}`)
}

function formatOrigin({ scheme, host, port }: Origin): string {
  return `${scheme}://${host} ${port}`
}

function complaint(pattern: string): string {
  if (pattern === '*') {
    return 'would allow every site: list the origins, such as "https://app.example.com" or "https://*.example.com", or remove "origin" to check none'
  }
  if (!pattern.includes('://') && parseOrigin(`https://${pattern.replace(/^\*\./, '')}`)) {
    return `an origin needs a scheme, did you mean "https://${pattern}"?`
  }
  const bare = /^[^/]*:\/\/[^/?#]+/.exec(pattern)?.[0] ?? pattern
  if (bare !== pattern && parseOrigin(bare.replace('://*.', '://'))) {
    return `an origin ends with its host and port, did you mean "${bare}"?`
  }
  if (pattern.includes('*')) return 'a wildcard is the whole first label, as in "https://*.example.com"'
  return 'expected an origin such as "https://app.example.com", "https://*.example.com", null or same'
}
