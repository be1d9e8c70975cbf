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
    return 'it is not JSON'
  }
}
