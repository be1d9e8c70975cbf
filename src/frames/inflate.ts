/** Compressed messages made readable (RFC 7692 section 7.2.2): each whole, at once, and bounded while it inflates (trap 45). */
import { inflateRawSync } from 'node:zlib'

/** The farthest that a compressed message refers back into those before it, in bytes. */
const WINDOW = 32 * 1024
/**
 * What a sender leaves out at the end of each message, the rest of an empty block; and a last block, which is only found
 * where the message ended between two blocks. Another inflater would read one that does not on into the next message.
 */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff, 0x03, 0x00])
/** What is left of a message that ends its stream itself, and then begins that empty block (section 7.2.3.4). */
const AFTER_END = Buffer.concat([Buffer.from([0x00]), TAIL])
const SMALLEST_WINDOW = 1024

/** Whether a sender's messages refer to those before them, or each stands alone. */
export type Takeover = 'takeover' | 'alone'

/** Why a message was not inflated: it is longer than its bound, or no deflate stream. */
export type Unreadable = 'too big' | 'broken'

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
   * A message, of at most so many bytes. Where messages refer to each other, none can be read after one that could not be.
   */
  inflate(payload: Uint8Array, maxBytes: number): Uint8Array | Unreadable {
    const dictionary = this.#window.subarray(Math.max(0, this.#used - WINDOW), this.#used)
    const inflated = inflateWhole(Buffer.concat([payload, TAIL]), maxBytes, dictionary)
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

function inflateWhole(input: Buffer, maxBytes: number, dictionary: Uint8Array): Uint8Array | Unreadable {
  try {
    const options = { maxOutputLength: Math.max(1, maxBytes), info: true }
    // With `info` it returns this; the types of node do not say so.
    const { buffer, engine } = inflateRawSync(
      input,
      dictionary.length > 0 ? { ...options, dictionary } : options,
    ) as unknown as {
      readonly buffer: Buffer
      readonly engine: { readonly bytesWritten: number }
    }
    const left = input.subarray(engine.bytesWritten)
    return left.length === 0 || left.equals(AFTER_END) ? buffer : 'broken'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return code === 'ERR_BUFFER_TOO_LARGE' ? 'too big' : 'broken'
  }
}
