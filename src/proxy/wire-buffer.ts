/** The one buffer that every fast wire reads into: a read allocates nothing, and an idle connection has no buffer. */

/** At messages of 64 KiB the relay costs a seventh less with it than with 64 KiB; more brings nothing. */
const READ_BUFFER_BYTES = 256 * 1024

/** What is read lies here until the next read of any wire. */
export const readBuffer = Buffer.alloc(READ_BUFFER_BYTES)

/** Bytes to keep: a copy where the next read would overwrite them. */
export function kept(bytes: Buffer): Buffer
export function kept(bytes: Uint8Array): Uint8Array
export function kept(bytes: Uint8Array): Uint8Array {
  return bytes.buffer === readBuffer.buffer ? Buffer.from(bytes) : bytes
}
