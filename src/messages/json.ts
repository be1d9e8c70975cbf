/** JSON as a policy reads it: within bounds, and with one meaning for every reader. */
import { isUtf8 } from 'node:buffer'
import { type Bounds, scan } from './bounds.ts'
import { countKeys } from './duplicates.ts'

/** A value, or what is wrong with the text, for operators. */
export type Json = { readonly value: unknown } | string

/**
 * Reads a payload.
 * @param isAscii whether it is known to be ASCII
 */
export function readJson(payload: Uint8Array, isAscii: boolean, bounds: Bounds): Json {
  if (!isAscii && !isUtf8(payload)) return 'text that is not UTF-8'
  const scanned = scan(payload, bounds)
  if (typeof scanned === 'string') return scanned
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
  const json = parse(bytes.toString(isAscii ? 'latin1' : 'utf8'))
  if (typeof json === 'string') return json
  return countKeys(json.value) < scanned.keys ? 'a key stands twice in an object' : json
}

function parse(text: string): Json {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    // Its message quotes the text.
    return SOCKET_IO.test(text)
      ? 'it is not JSON, but a packet of socket.io: limits can judge it, schemas cannot'
      : 'it is not JSON'
  }
}

/** `42["event",…]`: a message of its engine, of a type of its own, with attachments, a namespace and a number. */
const SOCKET_IO = /^4[0-6](?:\d{1,9}-)?(?:\/[^,]{1,256},)?\d{0,19}[[{]/
