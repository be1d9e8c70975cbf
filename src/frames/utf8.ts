import { isUtf8 } from 'node:buffer'
import { byteAt } from './bytes.ts'
import { isMaskedAscii, unmaskAlike } from './mask.ts'

/** The most bytes that can be missing their end: all but the last of a four-byte character. */
const TAIL = 3
/** Small enough to stay in a processor's first cache. */
const PIECE = 16 * 1024

// Shared by every check: a push uses it from start to end, and only then does another run.
const words = new Int32Array(PIECE / 4 + 3)
const scratch = new Uint8Array(words.buffer)

/**
 * Checks text for being UTF-8 while it streams past (RFC 6455 section 8.1), masked or not.
 *
 * Linear, and constant in memory: between chunks it keeps at most the three bytes of an unfinished character.
 */
export class Utf8Check {
  /** The unfinished character, its bytes as one big-endian number. */
  #tail = 0
  #tailLength = 0
  /** What came last was ASCII, and so may be what comes next: that is quickest to see. */
  #wasAscii = true

  /**
   * Takes `chunk[start..end)`: false as soon as no continuation can make the text UTF-8. It must then be pushed no more
   * before a `reset()`.
   *
   * `key` is the frame's masking key as one big-endian number, 0 for none; `phase` the place of `chunk[start]` in the
   * frame's payload.
   */
  push(chunk: Uint8Array, start: number, end: number, key: number, phase: number): boolean {
    if (this.#wasAscii && this.#tailLength === 0 && isMaskedAscii(chunk, start, end, key, phase)) return true
    for (let at = start; at < end; at += PIECE) {
      const until = Math.min(at + PIECE, end)
      // Where it lies in its word as it does in the chunk.
      const body = 4 + ((chunk.byteOffset + at) & 3)
      this.#wasAscii = unmaskAlike({ bytes: scratch, words, at: body }, chunk, at, until, key, phase + at - start)
      if (this.#wasAscii && this.#tailLength === 0) continue
      if (!this.#piece(body, until - at)) return false
    }
    return true
  }

  /** Whether the text may end here: false in the middle of a character. */
  finish(): boolean {
    return this.#tailLength === 0
  }

  /** Makes ready for the next message. */
  reset(): void {
    this.#tail = 0
    this.#tailLength = 0
  }

  /** Judges the unfinished character and the piece after it, which begins at `body`. */
  #piece(body: number, length: number): boolean {
    const from = body - this.#tailLength
    const end = body + length
    for (let i = 1; i <= this.#tailLength; i++) scratch[body - i] = this.#tail >>> (8 * (i - 1))
    const tailLength = unfinished(from, end)
    if (!isUtf8(scratch.subarray(from, end - tailLength))) return false
    this.#tail = 0
    this.#tailLength = tailLength
    for (let at = end - tailLength; at < end; at++) this.#tail = (this.#tail << 8) | byteAt(scratch, at)
    return tailLength === 0 || canBegin(end - tailLength, tailLength)
  }
}

/** How many bytes at the end of `scratch[from..end)` begin a character that needs more of them: 0 to 3. */
function unfinished(from: number, end: number): number {
  const most = Math.min(TAIL, end - from)
  for (let back = 1; back <= most; back++) {
    const byte = byteAt(scratch, end - back)
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return back < characterLength(byte) ? back : 0
  }
  return 0
}

function characterLength(lead: number): number {
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}

/** Whether the unfinished bytes at `at` begin any character (Unicode table 3-7: no overlong form, surrogate, or value past 10FFFF). */
function canBegin(at: number, length: number): boolean {
  const lead = byteAt(scratch, at)
  if (lead < 0xc2 || lead > 0xf4) return false
  if (length === 1) return true
  const second = byteAt(scratch, at + 1)
  if (lead === 0xe0) return second >= 0xa0
  if (lead === 0xed) return second < 0xa0
  if (lead === 0xf0) return second >= 0x90
  if (lead === 0xf4) return second < 0x90
  return true
}
