import { hash } from 'node:crypto'

/** What of a token may be shown. */
export interface Fingerprint {
  /** The first 12 hex digits of its SHA-256. */
  readonly hash: string
  /** In characters. */
  readonly length: number
  /** The first 8 characters of a token longer than 64, else empty; anything but printable ASCII is a `?`. */
  readonly preview: string
}

/** What a token is known by in memory: its SHA-256, hexadecimal. */
export const tokenId = (token: string): string => hash('sha256', token, 'hex')

/**
 * Describes a token for logs, so that two lines about it can be matched and nobody can use it.
 * @param id its `tokenId`, where the caller has it
 */
export function fingerprint(token: string, id = tokenId(token)): Fingerprint {
  return {
    hash: id.slice(0, 12),
    length: token.length,
    preview: token.length > 64 ? token.slice(0, 8).replace(/[^\x20-\x7e]/g, '?') : '',
  }
}
