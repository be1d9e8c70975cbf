/** The one buffer that every fast wire reads into: a read allocates nothing, and an idle connection has no buffer. */

/** At messages of 64 KiB the relay costs a seventh less with it than with 64 KiB; more brings nothing. */
const READ_BUFFER_BYTES = 256 * 1024

/** What is read lies here until the next read of any wire. */
export const readBuffer = Buffer.alloc(READ_BUFFER_BYTES)

/** Views of its first bytes, by their number: to make one costs as much as to judge a frame. */
const views: Buffer[] = []
const LONGEST_VIEW = 1024

/** What a read of so many bytes has brought. */
export function readBytes(length: number): Uint8Array {
  if (length > LONGEST_VIEW) return readBuffer.subarray(0, length)
  views[length] ??= readBuffer.subarray(0, length)
  return views[length]
}

/** Bytes to keep: a copy where the next read would overwrite them. */
export function kept(bytes: Buffer): Buffer
export function kept(bytes: Uint8Array): Uint8Array
export function kept(bytes: Uint8Array): Uint8Array {
  return bytes.buffer === readBuffer.buffer ? Buffer.from(bytes) : bytes
}
