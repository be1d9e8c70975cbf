/** Describes a client that asks for an upgrade: what the wire said, as plain facts. Nothing here throws on hostile input. */
import { randomUUID } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { canonicalAddress, keyAddress } from '../net/address.ts'
import { type Client, forwardedHops, namesOthers, resolveClient } from '../net/forwarded.ts'
import type { Connection, Learned } from '../policy/connection.ts'
import type { Trust } from '../policy/policy.ts'
import { valuesOf } from './headers.ts'

/** A request's head, and where it came from. */
export interface RawRequest {
  /** The request target, as it came. */
  readonly target: string
  /** `[name, value, name, value, …]` as they came. */
  readonly rawHeaders: readonly string[]
  /** The address of the peer; undefined on a unix socket. */
  readonly remoteAddress: string | undefined
  /** Whether the peer passes on bytes and does not say whose: their headers are not its own. */
  readonly hidesClient?: boolean
  /** Whether this very connection is TLS. */
  readonly encrypted: boolean
}

/** When a request was received. */
export interface Moment {
  /** ms since the epoch */
  readonly at: number
  /** ms on a monotonic clock */
  readonly clock: number
}

/** Headers that name a client's address; another may be configured beside them. */
const FORWARDED = ['x-forwarded-for', 'x-real-ip', 'forwarded'] as const
const SANE_ID = /^[\x21-\x7e]{1,128}$/

export function describe(raw: RawRequest, trust: Trust, { at, clock }: Moment): Connection {
  const { rawHeaders } = raw
  const header = (name: string) => valuesOf(rawHeaders, name)
  const peer = raw.remoteAddress === undefined ? 'unix' : (canonicalAddress(raw.remoteAddress) ?? raw.remoteAddress)
  const trusted = raw.hidesClient !== true && trust.trusts(peer)
  const hops = trusted ? forwardedHops(trust.forwardedHeader, header(trust.forwardedHeader)) : []
  const client = resolveClient(peer, hops, (address) => trust.trusts(address))
  const { ip, chain } = client
  const target = pathAndQuery(raw.target)
  const mark = target.indexOf('?')
  return {
    id: requestId(trusted ? header('x-request-id') : []),
    at,
    clock,
    peer,
    trusted,
    ip,
    chain,
    // The same text where it would be another copy of it.
    ipKey: isIPv4(ip) ? ip : keyAddress(ip, trust.ipv6Prefix),
    unvouched: isUnvouched(header, trust, peer, client),
    secure: raw.encrypted || (trusted && /^(?:https|wss)$/i.test(header('x-forwarded-proto')[0] ?? '')),
    host: header('host')[0] ?? '',
    path: mark < 0 ? target : flat(target.slice(0, mark)),
    query: mark < 0 ? '' : target.slice(mark + 1),
    header,
    protocols: offered(header('sec-websocket-protocol')),
    ...UNKNOWN,
  }
}

/** What checks are to find out. With a place for each from the beginning all connections are of one shape to V8. */
const UNKNOWN: Required<Learned> = {
  route: undefined,
  params: undefined,
  token: undefined,
  claims: undefined,
  expiresAt: undefined,
  user: undefined,
  type: undefined,
  parentOrigin: undefined,
  payload: undefined,
  handed: undefined,
}

/** A copy: a slice would keep the query alive, for as long as the connection (trap 50). Targets are Latin-1. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')

/** Whether any header that names addresses names one that the walk did not use. */
function isUnvouched(
  header: Connection['header'],
  { forwardedHeader }: Trust,
  peer: string,
  { chain }: Client,
): boolean {
  const namesAnother = (name: string) => {
    const lines = header(name)
    return lines.length > 0 && namesOthers(forwardedHops(name, lines), [...chain, peer])
  }
  return FORWARDED.some(namesAnother) || namesAnother(forwardedHeader)
}

/** A target in absolute form (RFC 9112 section 3.2.2) has its path behind scheme and host; no URL is built from it (trap 37). */
function pathAndQuery(target: string): string {
  if (target.startsWith('/')) return target
  const rest = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  return rest === '' || rest.startsWith('?') ? `/${rest}` : rest
}

const requestId = ([id, ...others]: readonly string[]): string =>
  id !== undefined && others.length === 0 && SANE_ID.test(id) ? id : randomUUID()

const offered = (lines: readonly string[]): readonly string[] => (lines.length === 0 ? NONE : itemsOf(lines))

const NONE: readonly string[] = []

const itemsOf = (lines: readonly string[]): string[] =>
  lines
    .join(',')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
