import { isUtf8 } from 'node:buffer'
import { uint16At } from './bytes.ts'
import type { Violation } from './frame.ts'

/** What a Close frame says. An empty payload has no code: browsers report it as 1005. */
export interface Close {
  readonly code: number | undefined
  readonly reason: string
}

/**
 * Reads the unmasked payload of a Close frame (RFC 6455 section 5.5.1).
 *
 * Returns the violation instead when it is one byte long, has a code that must not be sent, or a reason that is not UTF-8.
 */
export function readClose(payload: Uint8Array): Close | Violation {
  if (payload.length === 0) return { code: undefined, reason: '' }
  if (payload.length === 1) return { code: 1002, detail: 'close frame with a payload of 1 byte' }
  const code = uint16At(payload, 0)
  if (!isSendableCode(code)) return { code: 1002, detail: `close code ${code} must not be sent` }
  const reason = payload.subarray(2)
  if (!isUtf8(reason)) return { code: 1007, detail: 'close reason is not UTF-8' }
  return { code, reason: Buffer.from(reason).toString() }
}

/**
 * Whether a close code may appear on the wire: 1000 to 1003, 1007 to 1014, 3000 to 4999 (RFC 6455 section 7.4 and the
 * IANA registry). 1004, 1005, 1006 and 1015 are reserved for what an endpoint tells its own application.
 */
export function isSendableCode(code: number): boolean {
  if (!Number.isInteger(code)) return false
  if (code >= 3000) return code <= 4999
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
}
