import { randomFillSync } from 'node:crypto'
import { int32At } from './bytes.ts'
import { isSendableCode } from './close.ts'
import { BIT, CONTROL_LENGTH, LENGTH, OPCODE, type Peer } from './frame.ts'
import { unmask } from './mask.ts'

const MASK_LENGTH = 4
const REASON_LENGTH = CONTROL_LENGTH - 2
const encoder = new TextEncoder()

/**
 * One whole frame, with FIN set (RFC 6455 section 5.2): masked with a fresh key toward the upstream, bare toward the client.
 *
 * The payload is bytes, and is copied. Lengths take the shortest encoding.
 */
export function encodeFrame(opcode: number, payload: Uint8Array, to: Peer): Buffer {
  const masked = to === 'upstream'
  const extra = extraLength(payload.length)
  const header = 2 + extra + (masked ? MASK_LENGTH : 0)
  const bytes = Buffer.allocUnsafe(header + payload.length)
  bytes[0] = BIT.fin | opcode
  bytes[1] = (masked ? LENGTH.masked : 0) | shortLength(payload.length, extra)
  if (extra === 2) bytes.writeUInt16BE(payload.length, 2)
  if (extra === 8) bytes.writeBigUInt64BE(BigInt(payload.length), 2)
  if (masked) randomFillSync(bytes, header - MASK_LENGTH, MASK_LENGTH)
  unmask(bytes.subarray(header), payload, 0, payload.length, masked ? int32At(bytes, header - MASK_LENGTH) : 0, 0)
  return bytes
}

/** A text message in one frame. */
export const textFrame = (text: string, to: Peer): Buffer => encodeFrame(OPCODE.text, encoder.encode(text), to)

/**
 * A Close frame. `code` undefined gives an empty payload, without the reason.
 *
 * The reason is cut to the 123 bytes of UTF-8 that fit, never inside a character (trap 10). Throws a RangeError for a
 * code that must not appear on the wire, such as 1005 or 1006.
 */
export function closeFrame(code: number | undefined, reason: string, to: Peer): Buffer {
  if (code === undefined) return encodeFrame(OPCODE.close, new Uint8Array(0), to)
  if (!isSendableCode(code)) throw new RangeError(`close code ${code} must not be sent`)
  const payload = new Uint8Array(CONTROL_LENGTH)
  payload[0] = code >>> 8
  payload[1] = code & 0xff
  const { written } = encoder.encodeInto(reason, payload.subarray(2, 2 + REASON_LENGTH))
  return encodeFrame(OPCODE.close, payload.subarray(0, 2 + written), to)
}

/** Bytes of extended length after the first two of the header. */
function extraLength(length: number): 0 | 2 | 8 {
  if (length < LENGTH.in16Bits) return 0
  return length <= 0xffff ? 2 : 8
}

function shortLength(length: number, extra: 0 | 2 | 8): number {
  if (extra === 0) return length
  return extra === 2 ? LENGTH.in16Bits : LENGTH.in64Bits
}
