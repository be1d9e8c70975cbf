/**
 * One byte of `bytes`.
 *
 * The caller has checked the bounds: a check here would cost as much as everything else done to a header.
 */
export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number // a number, because the caller has checked the bounds
}

/** A big-endian 16-bit number, 0 to 65535. The caller has checked the bounds. */
export function uint16At(bytes: Uint8Array, at: number): number {
  return (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1)
}

/** A big-endian 32-bit number as a signed one: what the bitwise operators work on. The caller has checked the bounds. */
export function int32At(bytes: Uint8Array, at: number): number {
  return (uint16At(bytes, at) << 16) | uint16At(bytes, at + 2)
}

/** A big-endian 64-bit number, rounded to the nearest double from 2^53 on. The caller has checked the bounds. */
export function uint64At(bytes: Uint8Array, at: number): number {
  return (int32At(bytes, at) >>> 0) * 0x1_0000_0000 + (int32At(bytes, at + 4) >>> 0)
}
