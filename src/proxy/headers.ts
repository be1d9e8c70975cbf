/** Header lists as node:http gives and takes them: `[name, value, name, value, …]`, with their order, case and Latin-1 bytes. */
import { formatForwarded } from '../net/forwarded-element.ts'
import { parseHost } from '../net/host.ts'
import type { Connection } from '../policy/connection.ts'
import type { Policy } from '../policy/policy.ts'

/** For one connection only (RFC 9110 section 7.6.1), and `Proxy`, which CGI backends take for the variable HTTP_PROXY. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'proxy',
])

/** A client that names one of these in Connection attacks: they carry framing, routing or identity, and are never removed. */
const ESSENTIAL = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'cookie',
  'set-cookie',
  'authorization',
  'www-authenticate',
  'origin',
  'expect',
  'location',
  'cache-control',
  'vary',
])

/** Fields that frame, route, authenticate or control a message must not come after it (RFC 9110 section 6.5.1). */
const NOT_IN_TRAILERS = new Set([
  ...ESSENTIAL,
  'content-range',
  'range',
  'max-forwards',
  'age',
  'expires',
  'date',
  'retry-after',
])

/** Said anew, whoever said it before: of what a client claims in them nothing passes. */
const REWRITTEN = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'forwarded',
  'x-real-ip',
  'x-request-id',
])
const FORWARDED_PREFIX = 'x-forwarded-'
const SANE_PROTO = /^(?:https?|wss?)$/i

/** What the headers for the backend say of the client. */
export interface ClientFacts {
  /** Canonical address of the TCP peer; `unix` on a unix socket. */
  readonly peer: string
  /** Canonical address of the client. */
  readonly ip: string
  /** The hops that trusted proxies vouch for, from the client on, without the peer. */
  readonly chain: readonly string[]
  /** Whether the peer is a trusted proxy. */
  readonly trusted: boolean
  /** The header in which a trusted proxy names the client, lower-case. */
  readonly forwardedHeader: string
  /** Whether the client spoke TLS. */
  readonly secure: boolean
  /** The Host header, raw; empty where an HTTP/1.0 client sent none. */
  readonly host: string
  readonly requestId: string
  /** Names of the configured identity headers, lower-case: a client's own copies never pass. */
  readonly removed: readonly string[]
}

export const clientFacts = (connection: Connection, { trust, identityHeaders }: Policy): ClientFacts => ({
  peer: connection.peer,
  ip: connection.ip,
  chain: connection.chain,
  trusted: connection.trusted,
  secure: connection.secure,
  host: connection.host,
  requestId: connection.id,
  forwardedHeader: trust.forwardedHeader,
  removed: identityHeaders,
})

/** Removes the hop-by-hop headers and those that Connection names, in either direction. */
export function endToEnd(raw: readonly string[]): string[] {
  return filtered(raw, passingOn(raw))
}

/** Tells which headers of a list, by their lower-case names, are not for one connection only. */
function passingOn(raw: readonly string[]): (name: string) => boolean {
  const named = namedByConnection(raw)
  return (name) => !isHopByHop(name) && (!named.has(name) || isEssential(name))
}

/** What Connection names beside what is for one connection anyway, which is nearly always nothing. */
function namedByConnection(raw: readonly string[]): ReadonlySet<string> {
  let named: Set<string> | undefined
  for (const value of valuesOf(raw, 'connection')) {
    if (isNamed(value, 'upgrade')) continue
    for (const token of tokens(value)) {
      if (isHopByHop(token)) continue
      named ??= new Set()
      named.add(token)
    }
  }
  return named ?? NOTHING
}

const NOTHING: ReadonlySet<string> = new Set()

/**
 * The client's headers as the backend gets them: end-to-end ones, without claims that only a trusted proxy may make,
 * followed by ours. X-Forwarded-For is the trusted chain and the peer, and so is Forwarded where trusted proxies speak it;
 * X-Forwarded-Proto and -Host are a trusted peer's where it sent one sane value.
 */
export function toBackend(raw: readonly string[], facts: ClientFacts): string[] {
  const { trusted, forwardedHeader, ip, secure, requestId } = facts
  const removed = facts.removed.map(canonicalName)
  const naming = canonicalName(forwardedHeader)
  const isPassedOn = passingOn(raw)
  const result = filtered(raw, (name) => {
    if (!isPassedOn(name)) return false
    const canonical = canonicalName(name)
    if (REWRITTEN.has(canonical) || removed.includes(canonical)) return false
    const isClaim = isForwarded(canonical) || canonical === naming
    return !isClaim || (trusted && (name === canonical || name === forwardedHeader))
  })
  const hops = facts.peer === 'unix' ? facts.chain : [...facts.chain, facts.peer]
  const host = (trusted ? claimed(raw, 'x-forwarded-host', isHost) : undefined) ?? facts.host
  const proto = trusted ? claimed(raw, 'x-forwarded-proto', isProto) : undefined
  if (hops.length > 0) result.push('X-Forwarded-For', hops.join(', '))
  if (hops.length > 0 && forwardedHeader === 'forwarded') result.push('Forwarded', formatForwarded(hops))
  result.push('X-Real-IP', ip, 'X-Forwarded-Proto', proto ?? (secure ? 'https' : 'http'))
  if (host !== '') result.push('X-Forwarded-Host', host)
  result.push('X-Request-ID', requestId)
  return result
}

/**
 * The trailers that may pass, as pairs: a backend that merges them into its headers must not learn from them what
 * `toBackend` kept away.
 * @param removed names that only we, or a trusted proxy, may write, lower-case
 */
export function passableTrailers(raw: readonly string[], removed: readonly string[]): [string, string][] {
  const identity = new Set(removed.map(canonicalName))
  const kept = filtered(raw, (name) => {
    const canonical = canonicalName(name)
    if (isHopByHop(canonical) || NOT_IN_TRAILERS.has(canonical) || isForwarded(canonical)) return false
    return !identity.has(canonical) && canonical !== 'x-real-ip' && canonical !== 'x-request-id'
  })
  return [...pairs(kept)]
}

/** Every value of a header, by its lower-case name, in order. */
export function valuesOf(raw: readonly string[], name: string): readonly string[] {
  let values: string[] | undefined
  for (let index = 0; index + 1 < raw.length; index += 2) {
    // The loop's bound.
    if (!isNamed(raw[index] as string, name)) continue
    values ??= []
    values.push(raw[index + 1] as string)
  }
  return values ?? NONE
}

const NONE: readonly string[] = []

/** Whether a name is, in any case, a lower-case one. Most differ in length: those are told apart without another string. */
export const isNamed = (raw: string, name: string) =>
  raw.length === name.length && (raw === name || raw.toLowerCase() === name)

/** Whether a header lists a token, both lower-case. */
export function lists(raw: readonly string[], name: string, token: string): boolean {
  return valuesOf(raw, name).some((value) => isNamed(value, token) || tokens(value).includes(token))
}

/** The comma-separated tokens of a header value, lower-case. */
export function tokens(value: string): string[] {
  return value
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '')
}

/** The name and value of each header, in order. */
export function* pairs(raw: readonly string[]): Generator<[string, string]> {
  for (let index = 0; index + 1 < raw.length; index += 2) yield [raw[index] ?? '', raw[index + 1] ?? '']
}

/** The headers whose lower-case name is to be kept. */
export function filtered(raw: readonly string[], keep: (name: string) => boolean): string[] {
  const kept: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    // The loop's bound.
    const [name, value] = [raw[index] as string, raw[index + 1] as string]
    if (keep(name.toLowerCase())) kept.push(name, value)
  }
  return kept
}

/** CGI-style backends read `_` and `-` alike (trap 48). */
function canonicalName(name: string): string {
  const lower = name.toLowerCase()
  return lower.includes('_') ? lower.replaceAll('_', '-') : lower
}

function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name) || name.startsWith('proxy-')
}

function isForwarded(name: string): boolean {
  return name === 'forwarded' || name.startsWith(FORWARDED_PREFIX)
}

function isEssential(name: string): boolean {
  return (
    ESSENTIAL.has(name) ||
    isForwarded(name) ||
    name.startsWith('sec-websocket-') ||
    name === 'x-real-ip' ||
    name === 'x-request-id'
  )
}

/** The one value a trusted peer sent, if it is sane. */
function claimed(raw: readonly string[], name: string, isSane: (value: string) => boolean) {
  const [value, ...others] = valuesOf(raw, name)
  return value !== undefined && others.length === 0 && isSane(value) ? value : undefined
}

const isHost = (value: string) => parseHost(value) !== undefined
const isProto = (value: string) => SANE_PROTO.test(value)
