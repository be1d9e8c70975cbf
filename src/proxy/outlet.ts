/**
 * The far end of a direction: what was judged good goes out as the slice it came in, and one day our Close, at a frame
 * boundary, after which nothing does.
 */
import type { FrameReader } from '../frames/reader.ts'
import type { DirectionEvents, DirectionOptions } from './direction-options.ts'

export class Outlet {
  /** A frame was let through whose payload is not all here: no other frame can be put in (trap 11). */
  isMidFrame = false
  /** The frame under way will never be whole. */
  isBroken = false
  /** Nothing more goes out: a Close did, or the direction was cut. */
  isSealed = false
  /** The receiver's queue is full; the sender is not read meanwhile. */
  isFull = false
  readonly #options: DirectionOptions
  readonly #events: Pick<DirectionEvents, 'forwarded'>
  readonly #reader: FrameReader
  /** How much of the current chunk went out, or is not to. */
  #sent = 0
  /** Bytes of the current frame's header that came in an earlier chunk and did not go out yet. */
  #held: Uint8Array | undefined
  /** Our Close, waiting for the end of the frame under way. */
  #waiting: Buffer | undefined
  /** A text message that goes before our Close. */
  #notice: Buffer | undefined
  /** FIN follows that Close. */
  #isLast = false

  constructor(options: DirectionOptions, events: Pick<DirectionEvents, 'forwarded'>, reader: FrameReader) {
    this.#options = options
    this.#events = events
    this.#reader = reader
  }

  /** A chunk begins. */
  begin(): void {
    this.#sent = 0
  }

  /** Bytes that came in an earlier chunk go out before what the current one has. */
  hold(bytes: Uint8Array): void {
    this.#held = bytes
  }

  /** Of the current chunk nothing that has not gone out yet does, up to `end`. */
  skip(end: number): void {
    this.#sent = end
  }

  /** Sends what was judged good and did not go out yet, up to `end`. */
  forward(chunk: Uint8Array, end: number): void {
    if (this.isSealed) return
    if (this.#held) {
      this.#write(this.#held)
      this.#held = undefined
    }
    if (end <= this.#sent) return
    this.#write(this.#sent === 0 && end === chunk.length ? chunk : chunk.subarray(this.#sent, end))
    this.#sent = end
  }

  /** Puts a Close in, at once or at the end of the frame under way; where that will never come, only FIN is sent. */
  close(frame: Buffer, notice: Buffer | undefined): void {
    this.#notice = notice
    if (!this.isMidFrame) this.#seal(frame)
    else if (this.isBroken) this.#cut()
    else this.#waiting = frame
  }

  /** Whether a Close has been put in, or will be. */
  get isClosing(): boolean {
    return this.isSealed || this.#waiting !== undefined
  }

  /** Whether a Close cannot be put in any more. */
  get isCut(): boolean {
    return this.isBroken && this.isMidFrame
  }

  /** Payload was let through, up to `end`: a Close that waits for the end of its frame goes now. */
  passed(chunk: Uint8Array, end: number): void {
    if (!this.#waiting || this.isMidFrame) return
    this.forward(chunk, end)
    this.#seal(this.#waiting)
  }

  /** FIN follows our Close, however long that waits. */
  finish(): void {
    if (this.#waiting) this.#isLast = true
    else this.#options.to.end()
  }

  /** The frame under way will never be whole. */
  break(): void {
    this.isBroken = true
    if (this.#waiting) this.#cut()
  }

  #write(bytes: Uint8Array): void {
    this.#events.forwarded(bytes.length)
    if (this.#options.to.write(bytes)) return
    this.isFull = true
    this.#options.from.pause()
  }

  #seal(frame: Buffer): void {
    const { rsv, from, to } = this.#options
    // Between messages only (trap 11), and where no extension makes something else of it.
    if (this.#notice && !this.#reader.insideMessage && !rsv.opaque) to.write(this.#notice)
    to.write(frame)
    this.#waiting = undefined
    this.#held = undefined
    this.isSealed = true
    if (this.#isLast) to.end()
    from.resume()
  }

  #cut(): void {
    this.#waiting = undefined
    this.isSealed = true
    this.#options.to.end()
  }
}
