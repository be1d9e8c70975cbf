/** Domains that a token allows. What stands here comes from the network: nonsense matches nothing, and nothing throws. */
import { type Host, type HostPattern, isAddress, matchesHost, parseHost, parseHostPattern } from './host.ts'
import { parseOrigin } from './origin.ts'

/** More than any token holds; a longer list is refused as a whole. */
const MAX_ENTRIES = 1000

/**
 * Reads the claim: an array of strings, or one comma-separated string; blanks around entries and empty entries are
 * dropped. Undefined for a claim of another shape or with more than 1000 entries, which allows nothing: only the caller knows
 * whether the claim was there at all.
 */
export function parseAllowedDomains(claim: unknown): string[] | undefined {
  const items: unknown = typeof claim === 'string' ? claim.split(',') : claim
  if (!Array.isArray(items) || !items.every((item): item is string => typeof item === 'string')) return undefined
  const entries = items.map((item) => item.trim()).filter((item) => item !== '')
  return entries.length <= MAX_ENTRIES ? entries : undefined
}

/**
 * Compiles an entry: `d` covers d and its subdomains, `*.d` its subdomains only, an address itself; `d:8443` that port
 * alone. Undefined where the entry covers nothing: empty, `*`, `.`, a wildcard elsewhere, no host.
 */
export function compileDomain(entry: string): HostPattern | undefined {
  const pattern = parseHostPattern(entry)
  return pattern && { ...pattern, below: !isAddress(pattern.host) }
}

/**
 * Whether one of the entries covers a host.
 * @param host as `parseHost` or `parseOrigin` gives it
 * @param port of the host; undefined where it is not known, which no entry with a port covers
 */
export function domainAllows(entries: readonly string[], host: string, port?: number): boolean {
  return entries.some((entry) => {
    const pattern = compileDomain(entry)
    return pattern !== undefined && matchesHost(pattern, host, port)
  })
}

/**
 * Parses `parent_origin`, which is an origin or a bare host. The port is the origin's, its scheme's default included,
 * and undefined for a bare host without one. Undefined for the rest, `null` included.
 */
export function parentHost(text: string): Host | undefined {
  // A sandboxed page's origin is `null`, which would else be a host of that name.
  if (text === 'null') return undefined
  const origin = parseOrigin(text)
  if (!origin) return parseHost(text)
  return { host: origin.host, port: origin.port === 0 ? undefined : origin.port }
}
