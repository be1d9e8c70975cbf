/** The facts of a handshake, as the proxy describes it, without a socket. */
import type { Connection, Learned } from '../../src/policy/connection.ts'
import { describe } from '../../src/proxy/describe.ts'
import { trusting } from './trust.ts'

export interface Handshake {
  /** Path and query. */
  readonly target?: string
  /** Header lines; a value that is a list is as many lines. Host is `ws.example` unless given. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly peer?: string
  /** ms since the epoch */
  readonly at?: number
  /** ms on a monotonic clock; 0 unless given */
  readonly clock?: number
  /** What earlier checks found out. */
  readonly learned?: Learned
}

/** A connection from 203.0.113.9, untrusted, at the first second of 2026. */
export function connection({
  target = '/ws',
  headers = {},
  peer = '203.0.113.9',
  at = NOW,
  clock = 0,
  learned = {},
}: Handshake = {}): Connection {
  const all: Handshake['headers'] = { Host: 'ws.example', ...headers }
  const rawHeaders = Object.entries(all).flatMap(([name, value]) => [value].flat().flatMap((line) => [name, line]))
  const facts = describe({ target, rawHeaders, remoteAddress: peer, encrypted: false }, trusting([]), { at, clock })
  return { ...facts, ...learned }
}

/** The moment of every test handshake, ms since the epoch. */
export const NOW = Date.UTC(2026, 0, 1)
