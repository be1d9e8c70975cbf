/** Room for a message while it is judged: one for the process, because nothing else runs meanwhile. */

/** What is kept between two messages; longer ones are rare. */
const MOST_KEPT = 1024 * 1024

let kept = Buffer.allocUnsafeSlow(16 * 1024)

/** So many bytes, valid until the next call. */
export function scratch(length: number): Buffer {
  if (length > MOST_KEPT) return Buffer.allocUnsafeSlow(length)
  if (length > kept.length) kept = Buffer.allocUnsafeSlow(Math.min(MOST_KEPT, Math.max(length, kept.length * 2)))
  return kept.subarray(0, length)
}
