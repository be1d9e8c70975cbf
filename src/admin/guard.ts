/** Who may use the admin listener: judged from the request's headers before anything else is read. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP } from 'node:net'

export interface GuardOptions {
  /** The bearer token in force; undefined: none is asked for, and only local names reach us. */
  readonly token: () => string | undefined
  /** Names or addresses besides loopback that a Host header may give, without port or brackets. */
  readonly allowedHosts: readonly string[]
}

/** Why a request is turned away, and what to do about it. */
interface Denial {
  readonly status: 401 | 403
  readonly error: string
}

export type Guard = (headers: IncomingHttpHeaders) => Denial | undefined

const HOST = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?))(?::\d{1,5})?$/
const MAX_HOST = 260

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

const deny = (status: Denial['status'], error: string): Denial => ({ status, error })

/**
 * A page of another site that the operator's browser has open must not reach us: not by a name it made resolve to our
 * address (DNS rebinding shows in Host), not from its own origin (Origin, Sec-Fetch-Site).
 */
export function createGuard({ token, allowedHosts }: GuardOptions): Guard {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()))
  return (headers) => {
    const expected = token()
    const host = hostName(headers.host)
    if (host === undefined) return deny(403, 'expected one well-formed Host header')
    if (expected === undefined && !isLoopback(host) && !allowed.has(host)) {
      return deny(403, 'this Host is not allowed: use a loopback name such as localhost, or set adminToken')
    }
    if (!isOwnOrigin(headers)) return deny(403, 'requests of other sites are not allowed: Origin must equal Host')
    if (expected === undefined || bearsToken(headers.authorization, expected)) return undefined
    return deny(401, 'send the admin token: Authorization: Bearer TOKEN')
  }
}

/** The host of a Host header without port and brackets, in lower case; undefined where it is malformed. */
function hostName(header: string | undefined): string | undefined {
  if (header === undefined || header.length > MAX_HOST) return undefined
  const match = HOST.exec(header.toLowerCase())
  return match?.[1] ?? match?.[2]
}

/** `*.localhost` never leaves the machine (RFC 6761 section 6.3). */
function isLoopback(host: string): boolean {
  const family = isIP(host)
  if (family === 0) return host === 'localhost' || host.endsWith('.localhost')
  return LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

function isOwnOrigin(headers: IncomingHttpHeaders): boolean {
  if (headers['sec-fetch-site'] === 'cross-site') return false
  const origin = headers.origin?.toLowerCase()
  if (origin === undefined) return true
  // https where something in front of us ends TLS; both hosts leave out a default port.
  const host = headers.host?.toLowerCase()
  return origin === `http://${host}` || origin === `https://${host}`
}

/** Compares hashes: equal in length, so the time tells nothing of the token. */
function bearsToken(header: string | undefined, expected: string): boolean {
  const presented = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1]
  return presented !== undefined && timingSafeEqual(digest(presented), digest(expected))
}

const digest = (text: string) => createHash('sha256').update(text).digest()
