import { Buffer } from 'node:buffer'

/**
 * The same text in memory of its own. A slice of a request's head keeps the whole head alive, and a table of keys would
 * keep as many heads (trap 50).
 */
export function flatKey(key: string): string {
  const narrow = Buffer.from(key, 'latin1').toString('latin1')
  return narrow === key ? narrow : Buffer.from(key, 'utf16le').toString('utf16le')
}
