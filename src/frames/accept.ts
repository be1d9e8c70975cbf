import { hash } from 'node:crypto'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455 section 4.2.2). */
export function acceptKey(key: string): string {
  return hash('sha1', key + GUID, 'base64')
}

/**
 * Whether a `Sec-WebSocket-Key` is the base64 of exactly 16 bytes (RFC 6455 section 4.1).
 *
 * The four spare bits of the last digit may be anything: decoders drop them, and backends accept such keys.
 */
export function isHandshakeKey(value: string): boolean {
  return /^[A-Za-z0-9+/]{22}==$/.test(value)
}
