/** Whether the text of a direction is UTF-8, checked while it streams (RFC 6455 section 8.1). */
import { OPCODE } from '../frames/frame.ts'
import type { FrameReader } from '../frames/reader.ts'
import { Utf8Check } from '../frames/utf8.ts'

export class TextCheck {
  readonly #reader: FrameReader
  readonly #utf8 = new Utf8Check()

  constructor(reader: FrameReader) {
    this.#reader = reader
  }

  /** A message begins. */
  reset(): void {
    this.#utf8.reset()
  }

  /** Whether the payload just read, from `at` to `end`, is part of a text that we can read and that is not UTF-8. */
  isBad(chunk: Uint8Array, at: number, end: number): boolean {
    const { frame, left, maskKey } = this.#reader
    if (frame.messageOpcode !== OPCODE.text || frame.compressed) return false
    const phase = frame.length - left - (end - at)
    if (!this.#utf8.push(chunk, at, end, maskKey, phase)) return true
    return left === 0 && frame.fin && !this.#utf8.finish()
  }
}
