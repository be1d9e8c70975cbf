/** Describes a client that asks for an upgrade: what the wire said, as plain facts. Nothing here throws on hostile input. */
import { randomUUID } from 'node:crypto'
import { canonicalAddress } from '../net/address.ts'
import { resolveClient } from '../net/forwarded.ts'
import type { Connection } from '../policy/connection.ts'
import { pairs } from './headers.ts'

/** A request's head, and where it came from. */
export interface RawRequest {
  /** The request target, as it came. */
  readonly target: string
  /** `[name, value, name, value, …]` as they came. */
  readonly rawHeaders: readonly string[]
  /** The socket's remote address; undefined on a unix socket. */
  readonly remoteAddress: string | undefined
  /** Whether this very connection is TLS. */
  readonly encrypted: boolean
}

/** Whether an address, or `unix`, is a trusted proxy's. */
export interface Trust {
  trusts(peer: string): boolean
}

const SANE_ID = /^[\x21-\x7e]{1,128}$/

/** @param at when it was received, ms since the epoch */
export function describe(raw: RawRequest, trust: Trust, at: number): Connection {
  const headers = byName(raw.rawHeaders)
  const header = (name: string): readonly string[] => headers.get(name) ?? []
  const peer = raw.remoteAddress === undefined ? 'unix' : (canonicalAddress(raw.remoteAddress) ?? raw.remoteAddress)
  const trusted = trust.trusts(peer)
  const { ip, chain } = resolveClient(peer, header('x-forwarded-for'), (address) => trust.trusts(address))
  const target = pathAndQuery(raw.target)
  const mark = target.indexOf('?')
  return {
    id: requestId(trusted ? header('x-request-id') : []),
    at,
    peer,
    trusted,
    ip,
    chain,
    secure: raw.encrypted || (trusted && /^(?:https|wss)$/i.test(header('x-forwarded-proto')[0] ?? '')),
    host: header('host')[0] ?? '',
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    header,
    protocols: offered(header('sec-websocket-protocol')),
  }
}

/** A target in absolute form (RFC 9112 section 3.2.2) has its path behind scheme and host; no URL is built from it (trap 37). */
function pathAndQuery(target: string): string {
  if (target.startsWith('/')) return target
  const rest = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  return rest === '' || rest.startsWith('?') ? `/${rest}` : rest
}

/** A Map: header names are the client's choice, and `__proto__` is a key of no object (trap 48). */
function byName(rawHeaders: readonly string[]): ReadonlyMap<string, string[]> {
  const headers = new Map<string, string[]>()
  for (const [name, value] of pairs(rawHeaders)) {
    const key = name.toLowerCase()
    const lines = headers.get(key)
    if (lines) lines.push(value)
    else headers.set(key, [value])
  }
  return headers
}

const requestId = ([id, ...others]: readonly string[]): string =>
  id !== undefined && others.length === 0 && SANE_ID.test(id) ? id : randomUUID()

const offered = (lines: readonly string[]): string[] =>
  lines
    .join(',')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
