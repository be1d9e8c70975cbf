/** Compressed messages made readable (RFC 7692 section 7.2.2): each whole, at once, and bounded while it inflates (trap 45). */
import { Deflate, type Unreadable } from './deflate.ts'

/** The farthest that a compressed message refers back into those before it, in bytes. */
const WINDOW = 32 * 1024
/** What a sender leaves out at the end of each message: the rest of an empty block. */
const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff)
/** What is left of a message that ends its stream itself, and then begins that empty block (section 7.2.3.4). */
const AFTER_END = Buffer.of(0x00, ...TAIL)
const SMALLEST_WINDOW = 1024

// Messages are inflated one at a time, each from start to end.
const deflate = new Deflate()

/** Whether a sender's messages refer to those before them, or each stands alone. */
export type Takeover = 'takeover' | 'alone'

/**
 * Inflates the messages of one sender, in order. Between two of them it keeps no stream, only the last 32 KiB (and room for
 * as much) where the next may refer to them.
 */
export class Inflater {
  readonly #takeover: Takeover
  /** What came last stands at the end of what is used. */
  #window = new Uint8Array(0)
  #used = 0

  constructor(takeover: Takeover) {
    this.#takeover = takeover
  }

  /**
   * A message, of at most so many bytes, valid until the next one is inflated, whoever sent that. Where messages refer to
   * each other, none can be read after one that could not be.
   */
  inflate(payload: Uint8Array, maxBytes: number): Uint8Array | Unreadable {
    const window = this.#window.subarray(Math.max(0, this.#used - WINDOW), this.#used)
    const inflated = inflateWhole(payload, maxBytes, window)
    if (typeof inflated !== 'string' && this.#takeover === 'takeover') this.#remember(inflated)
    return inflated
  }

  #remember(bytes: Uint8Array): void {
    const last = bytes.subarray(Math.max(0, bytes.length - WINDOW))
    if (this.#used + last.length > this.#window.length) this.#makeRoom(last.length)
    this.#window.set(last, this.#used)
    this.#used += last.length
  }

  /** Up to twice the window: what is kept is moved once for each window of text, not for each message. */
  #makeRoom(length: number): void {
    const kept = this.#window.subarray(Math.max(0, this.#used - WINDOW), this.#used)
    const needed = kept.length + length
    if (needed > this.#window.length) {
      this.#window = new Uint8Array(Math.min(2 * WINDOW, Math.max(SMALLEST_WINDOW, 2 * needed)))
    }
    this.#window.set(kept)
    this.#used = kept.length
  }
}

/**
 * It must end between two blocks, or by a last one and nothing behind it: another inflater would read the rest on into the
 * next message.
 */
function inflateWhole(payload: Uint8Array, maxBytes: number, window: Uint8Array): Uint8Array | Unreadable {
  const source = Buffer.concat([payload, TAIL])
  const inflated = deflate.read(source, window, maxBytes)
  if (typeof inflated === 'string') return inflated
  const { bytes, taken, ended } = inflated
  return ended === 'open' || AFTER_END.equals(source.subarray(taken)) ? bytes : 'broken'
}
