import { byteAt, uint16At, uint64At } from './bytes.ts'
import { BIT, CONTROL_LENGTH, LENGTH, OPCODE, type Violation } from './frame.ts'

/** The longest header: two bytes, a length of eight, a masking key of four. */
const HEADER_LENGTH = 14

/** No unit is longer than this, in bytes. */
export const LONGEST_UNIT = HEADER_LENGTH + CONTROL_LENGTH

/**
 * Bytes of the unit at `at`, of which `known` are there: 2 until the first two of them say more.
 *
 * A unit is a frame's header; for a Close or a Pong, its payload too.
 */
export function unitLength(bytes: Uint8Array, at: number, known: number): number {
  if (known < 2) return 2
  const byte1 = byteAt(bytes, at + 1)
  const short = byte1 & LENGTH.short
  const header = byte1 < LENGTH.masked ? 2 : 6
  if (short === LENGTH.in16Bits) return header + 2
  if (short === LENGTH.in64Bits) return header + 8
  return isWhole(byteAt(bytes, at) & BIT.opcode) ? header + short : header
}

/** Whether frames of an opcode are read whole: what a Close says is judged, and a Pong may be the answer to a ping of ours. */
export const isWhole = (opcode: number): boolean => opcode === OPCODE.close || opcode === OPCODE.pong

/** The payload length that the header at `at` declares; rounded from 2^53 on, where `lengthViolation()` refuses it. */
export function payloadLength(bytes: Uint8Array, at: number): number {
  const short = byteAt(bytes, at + 1) & LENGTH.short
  if (short < LENGTH.in16Bits) return short
  return short === LENGTH.in16Bits ? uint16At(bytes, at + 2) : uint64At(bytes, at + 2)
}

/** What is wrong with a length of 16 or 64 bits (trap 14). */
export function lengthViolation(bytes: Uint8Array, at: number): Violation | undefined {
  const length = payloadLength(bytes, at)
  const in64Bits = (byteAt(bytes, at + 1) & LENGTH.short) === LENGTH.in64Bits
  if (in64Bits && byteAt(bytes, at + 2) >= 0x80) return { code: 1002, detail: 'length with the high bit set' }
  const shorter = in64Bits ? 0xffff : CONTROL_LENGTH
  if (length <= shorter) return { code: 1002, detail: `length ${length} not in its shortest form` }
  if (length > Number.MAX_SAFE_INTEGER) return { code: 1009, detail: 'frame longer than 2^53-1 bytes' }
  return undefined
}

/** Opcodes 3 to 7 and 11 to 15 are no extension's to use either, until one is defined. */
export function reservedOpcode(opcode: number): Violation {
  return { code: 1002, detail: `reserved opcode ${opcode}` }
}

/** A reserved bit where nothing allows it (RFC 6455 section 5.2). */
export function rsvNotNegotiated(rsv: number): Violation {
  return {
    code: 1002,
    detail: `reserved bits ${rsv.toString(2).padStart(7, '0').slice(0, 3)} that no extension negotiated`,
  }
}
