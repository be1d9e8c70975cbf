/**
 * The far end of a direction: what was judged good goes out as the slice it came in, and one day our Close, at a frame
 * boundary, after which nothing does.
 */
import type { FrameReader } from '../frames/reader.ts'
import type { DirectionEvents, DirectionOptions } from './direction-options.ts'
import type { Flow } from './flow.ts'

/** Bytes that wait for a receiver to whom we then say nothing more. */
const MOST_QUEUED = 64 * 1024
/** Messages of ours that wait for the end of another. */
const MOST_SAID = 8

export class Outlet {
  /** A frame was let through whose payload is not all here: no other frame can be put in (trap 11). */
  isMidFrame = false
  /** The frame under way will never be whole. */
  isBroken = false
  /** Nothing more goes out: a Close did, or the direction was cut. */
  isSealed = false
  /** The last thing that went out is a Close of ours. */
  saidClose = false
  /** Nothing of the message under way has gone out. */
  isWithheld = false
  readonly #options: DirectionOptions
  readonly #events: Pick<DirectionEvents, 'forwarded' | 'stalled'>
  readonly #flow: Flow
  readonly #reader: FrameReader
  /** How much of the current chunk went out, or is not to. */
  #sent = 0
  /** Bytes of the current frame's header that came in an earlier chunk and did not go out yet. */
  #held: Uint8Array | undefined
  /** A frame of ours, waiting for the end of the one under way. */
  #waiting: Buffer | undefined
  /** It is our Close. */
  #isClosing = false
  /** A text message that goes before our Close. */
  #notice: Buffer | undefined
  /** FIN follows that Close. */
  #isLast = false
  /** Messages of ours, waiting for the end of the one under way. */
  #said: Buffer[] | undefined

  constructor(
    options: DirectionOptions,
    events: Pick<DirectionEvents, 'forwarded' | 'stalled'>,
    reader: FrameReader,
    flow: Flow,
  ) {
    this.#options = options
    this.#events = events
    this.#reader = reader
    this.#flow = flow
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
    else {
      this.#waiting = frame
      this.#isClosing = true
    }
  }

  /** Puts a control frame in, at once or at the end of the frame under way (trap 11). Not to be called while bytes are received. */
  insert(frame: Buffer): void {
    if (this.isClosing || this.isBroken) return
    if (this.isMidFrame) this.#waiting = frame
    else this.#send(frame)
  }

  /** Bytes that were judged good, or stand for what was not, in their place. */
  put(bytes: Uint8Array): void {
    if (!this.isSealed) this.#write(bytes)
  }

  /**
   * Puts a message in, at once or between two others (trap 11): not where an extension makes something else of it, and
   * not for a receiver who does not take what is sent. Not to be called while bytes are received.
   */
  say(message: Buffer): void {
    const { rsv, to } = this.#options
    if (this.isClosing || this.isBroken || rsv.opaque || to.queued() > MOST_QUEUED) return
    if (!this.isMidFrame && this.#isBetweenMessages) return this.#send(message)
    this.#said ??= []
    if (this.#said.length < MOST_SAID) this.#said.push(message)
  }

  get #isBetweenMessages(): boolean {
    return this.isWithheld || !this.#reader.insideMessage
  }

  /** Whether a Close has been put in, or will be. */
  get isClosing(): boolean {
    return this.isSealed || this.#isClosing
  }

  /** Whether a Close cannot be put in any more. */
  get isCut(): boolean {
    return this.isBroken && this.isMidFrame
  }

  /** A frame or payload was let through, up to `end`: what waits for the end of its frame or message goes now. */
  passed(chunk: Uint8Array, end: number): void {
    if (this.isMidFrame) return
    if (this.#waiting) this.#goOn(this.#waiting, chunk, end)
    if (!this.#said || this.isClosing || !this.#isBetweenMessages) return
    const said = this.#said
    this.#said = undefined
    this.forward(chunk, end)
    for (const message of said) this.#send(message)
  }

  #goOn(frame: Buffer, chunk: Uint8Array, end: number): void {
    this.#waiting = undefined
    this.forward(chunk, end)
    if (this.#isClosing) this.#seal(frame)
    else this.#send(frame)
  }

  /** The receiver needs nothing after our Close: FIN follows it, however long that waits. */
  finish(): void {
    if (this.#isClosing && !this.isSealed) this.#isLast = true
    else this.#options.to.end()
  }

  /** The sender will send nothing more: the frame under way will never be whole. */
  break(): void {
    this.isBroken = true
    if (this.#isClosing && !this.isSealed) this.#cut()
  }

  #write(bytes: Uint8Array): void {
    this.#events.forwarded(bytes.length)
    this.#send(bytes)
  }

  #send(bytes: Uint8Array): void {
    if (!this.#options.to.write(bytes)) this.stall()
  }

  /** The receiver does not take what is sent: the sender waits for it. */
  stall(): void {
    const { from, now } = this.#options
    if (!this.#flow.isFull) this.#flow.fullAt = now()
    this.#flow.isFull = true
    from.pause()
    this.#events.stalled()
  }

  #seal(frame: Buffer): void {
    const { rsv, from, to } = this.#options
    // Between messages only (trap 11), and where no extension makes something else of it.
    if (this.#notice && this.#isBetweenMessages && !rsv.opaque) to.write(this.#notice)
    to.write(frame)
    this.#waiting = undefined
    this.#held = undefined
    this.isSealed = true
    this.saidClose = true
    if (this.#isLast) to.end()
    from.resume()
  }

  #cut(): void {
    this.#waiting = undefined
    this.isSealed = true
    this.#options.to.end()
  }
}
