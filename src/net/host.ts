/** Host names in one spelling. */
import { isIP, isIPv4 } from 'node:net'
import { domainToASCII } from 'node:url'
import { canonicalAddress } from './address.ts'

/** A host and the port after it, undefined where none was given. An IPv6 host stands without its brackets. */
export interface Host {
  readonly host: string
  readonly port: number | undefined
}

/** A name of 253 characters, its trailing dot, a colon and five digits. */
const MAX_LENGTH = 260
const NAME = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/
/** What browsers take for an IPv4 address in some spelling (WHATWG URL, "ends in a number"): only the dotted one is a host. */
const NUMERIC = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/
/** Every ASCII character that no host and no port contains; domainToASCII would drop tabs and line ends. */
const FORBIDDEN = /[^A-Za-z0-9_.:[\]\-\u0080-\uffff]/

/**
 * Parses `name`, `name:port`, `1.2.3.4:80` or `[v6]:port`: lower-cased, one trailing dot dropped, IDN as punycode.
 * An IPv6 host is printed as `canonicalAddress` does. Undefined for anything else: userinfo, slashes, percent, spaces,
 * control bytes, a port outside 1 to 65535.
 */
export function parseHost(text: string): Host | undefined {
  if (text.length > MAX_LENGTH || FORBIDDEN.test(text)) return undefined
  const match = /^(?:\[([^[\]]*:[^[\]]*)\]|([^:[\]]+))(?::([1-9]\d{0,4}))?$/.exec(text)
  if (!match) return undefined
  const [, ipv6, name = '', digits] = match
  const host = ipv6 === undefined ? canonicalName(name) : canonicalAddress(ipv6)
  const port = digits === undefined ? undefined : Number(digits)
  if (host === undefined || (port !== undefined && port > 65535)) return undefined
  return { host, port }
}

/** Whether a host, as `parseHost` gives it, is an address: addresses have no subdomains. */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0
}

/** Hosts that an entry of a list stands for; on which port (undefined: any). */
export interface HostPattern extends Host {
  /** Whether the host itself matches. */
  readonly self: boolean
  /** Whether names below the host match, at any depth. */
  readonly below: boolean
}

/** Parses a host that matches itself alone, or `*.host`, any name below it. Undefined where it is neither. */
export function parseHostPattern(entry: string): HostPattern | undefined {
  const wildcard = entry.startsWith('*.')
  const host = parseHost(wildcard ? entry.slice(2) : entry)
  if (!host || (wildcard && isAddress(host.host))) return undefined
  return { ...host, self: !wildcard, below: wildcard }
}

/** Whether a pattern matches a host, as `parseHost` gives it, on a port; a pattern with a port never matches an unknown one. */
export function matchesHost(pattern: HostPattern, host: string, port: number | undefined): boolean {
  if (pattern.port !== undefined && pattern.port !== port) return false
  if (host === pattern.host) return pattern.self
  return pattern.below && host.endsWith(`.${pattern.host}`)
}

/**
 * Compiles a setting's hosts, such as `domains.iframeHosts`, to one question about an Origin's host and port. Throws
 * what was expected.
 */
export function compileHosts(entries: readonly string[]): (host: string, port: number) => boolean {
  const patterns = entries.map((entry) => {
    const pattern = parseHostPattern(entry)
    if (!pattern) throw new Error(`${entry}: ${expectedHost(entry)}`)
    return pattern
  })
  return (host, port) => patterns.some((pattern) => matchesHost(pattern, host, port))
}

function expectedHost(entry: string): string {
  const bare = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)/i.exec(entry)?.[1]
  if (bare !== undefined && parseHostPattern(bare)) return `expected a host without a scheme, did you mean "${bare}"?`
  return 'expected a host such as "widget.example.com", "widget.example.com:8443" or "*.example.com"'
}

function canonicalName(text: string): string | undefined {
  const ascii = /[\u0080-\uffff]/.test(text) ? domainToASCII(text) : text.toLowerCase()
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii
  if (!NAME.test(name)) return undefined
  if (!NUMERIC.test(name)) return name
  return isIPv4(name) && text.startsWith(name) ? name : undefined
}
