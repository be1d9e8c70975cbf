/**
 * One direction of a session, and what happens to a frame on its way: the reader finds its header, `judge` judges it,
 * and what was judged good goes out as the slice it came in. Both directions run this code.
 */
import type { Close } from '../frames/close.ts'
import type { AllowedRsv } from '../frames/extensions.ts'
import { type Frame, OPCODE, type Peer, type Violation } from '../frames/frame.ts'
import { FrameReader } from '../frames/reader.ts'
import { Utf8Check } from '../frames/utf8.ts'
import type { Finding } from '../policy/finding.ts'
import type { Wire } from './wire.ts'

/** What a direction tells its session. */
export interface DirectionEvents {
  /** Judges a frame before any of it goes out; a finding stops it. */
  readonly judge: (frame: Frame) => Finding | undefined
  /** A frame that starts a message was let through. */
  readonly message: () => void
  /** So many bytes went out. */
  readonly forwarded: (bytes: number) => void
  /** A frame must not pass. The session ends. */
  readonly refused: (finding: Finding) => void
  /** The sender broke RFC 6455. `stop`: the session ends. `pass`: dry run, this direction is relayed unread from here on. */
  readonly violated: (violation: Violation) => 'stop' | 'pass'
  /** The sender's own Close was relayed. */
  readonly closed: (close: Close) => void
  /** The sender answered the Close that we put in the other direction. */
  readonly answered: () => void
}

export interface DirectionOptions {
  readonly sender: Peer
  readonly rsv: AllowedRsv
  /** `text`: uncompressed text must be UTF-8. */
  readonly check: 'text' | 'nothing'
  /** ms, monotonic. */
  readonly now: () => number
  readonly from: Wire
  readonly to: Wire
}

const NOT_UTF8: Violation = { code: 1007, detail: 'text that is not UTF-8' }

export class Direction {
  readonly #reader: FrameReader
  #utf8: Utf8Check | undefined
  readonly #options: DirectionOptions
  readonly #events: DirectionEvents
  /** How much of the current chunk went out. */
  #sent = 0
  /** Where in the current chunk the current frame begins; -1 where it began in an earlier one. */
  #begin = -1
  /** Bytes of the current frame's header that came in an earlier chunk and did not go out yet. */
  #held: Uint8Array | undefined
  /** A frame was let through whose payload is not all here: no other frame can be put in (trap 11). */
  #isMidFrame = false
  /** The frame under way will never be whole. */
  #isBroken = false
  /** Our Close, waiting for the end of the frame under way. */
  #waiting: Buffer | undefined
  /** FIN follows that Close. */
  #isLast = false
  /** Nothing more goes out: a Close did, or the direction was cut. */
  #isSealed = false
  /** What the sender still sends means nothing: it sent Close (RFC 6455 section 1.4), or broke the protocol. */
  #isFinished = false
  /** The sender broke the protocol in a dry run: what follows is relayed unread. */
  #isBlind = false

  constructor(options: DirectionOptions, events: DirectionEvents) {
    this.#options = options
    this.#events = events
    this.#reader = new FrameReader({ from: options.sender, rsv: options.rsv })
    this.#utf8 = options.check === 'text' && !options.rsv.opaque ? new Utf8Check() : undefined
  }

  get isSealed(): boolean {
    return this.#isSealed
  }

  /** Takes what the sender sent. Once sealed it only looks for the answer to our Close. */
  receive(chunk: Uint8Array): void {
    if (this.#isFinished) return
    this.#sent = 0
    this.#begin = -1
    if (this.#isBlind) return this.#forward(chunk, chunk.length)
    this.#reader.frame.at = this.#options.now()
    let at = 0
    while (at < chunk.length) {
      at = this.#reader.left > 0 ? this.#payload(chunk, at) : this.#header(chunk, at)
      if (at < 0) return
    }
    this.#forward(chunk, at)
  }

  /** Puts a Close in, at once or at the end of the frame under way; where that will never come, only FIN is sent. */
  close(frame: Buffer): void {
    if (this.#isSealed || this.#waiting) return
    this.#options.from.resume()
    if (!this.#isMidFrame) return this.#seal(frame)
    if (this.#isBroken) return this.#cut()
    this.#waiting = frame
  }

  /** Whether a Close cannot be put in any more: the frame under way will never be whole. */
  get isCut(): boolean {
    return this.#isBroken && this.#isMidFrame
  }

  /** The receiver needs nothing after our Close: FIN follows it, however long that waits. */
  finish(): void {
    if (this.#waiting) this.#isLast = true
    else this.#options.to.end()
  }

  /** The sender will send nothing more. */
  senderLeft(): void {
    this.#isBroken = true
    if (this.#waiting) this.#cut()
  }

  #header(chunk: Uint8Array, at: number): number {
    const reader = this.#reader
    const end = reader.next(chunk, at)
    if (this.#isSealed) return this.#awaitAnswer(end)
    if (end < 0) {
      this.#forward(chunk, at)
      return reader.violation ? this.#violate(chunk, reader.violation) : -1
    }
    const finding = this.#events.judge(reader.frame)
    if (finding) {
      this.#forward(chunk, at)
      this.#events.refused(finding)
      return end
    }
    this.#begin = at
    // Of an earlier frame of this chunk that did not go out yet, too.
    this.#held = reader.held() ?? this.#held
    return this.#letThrough(chunk, end)
  }

  #letThrough(chunk: Uint8Array, end: number): number {
    const reader = this.#reader
    this.#isMidFrame = reader.left > 0
    if (reader.frame.first) {
      this.#utf8?.reset()
      this.#events.message()
    }
    if (reader.left === 0 && !this.#isText(chunk, end, end)) return this.#refuseText(chunk, end)
    if (!reader.close) return end
    this.#forward(chunk, end)
    this.#isSealed = true
    this.#isFinished = true
    this.#events.closed(reader.close)
    return -1
  }

  #payload(chunk: Uint8Array, at: number): number {
    const end = this.#reader.payload(chunk, at)
    if (this.#isSealed) return end
    if (!this.#isText(chunk, at, end)) return this.#refuseText(chunk, end)
    this.#isMidFrame = this.#reader.left > 0
    if (!this.#waiting || this.#isMidFrame) return end
    this.#forward(chunk, end)
    this.#seal(this.#waiting)
    return end
  }

  /** Whether payload from `at` to `end` is, or is no part of, text that we can read. */
  #isText(chunk: Uint8Array, at: number, end: number): boolean {
    const { frame, left, maskKey } = this.#reader
    if (!this.#utf8 || frame.messageOpcode !== OPCODE.text || frame.compressed) return true
    const phase = frame.length - left - (end - at)
    if (!this.#utf8.push(chunk, at, end, maskKey, phase)) return false
    return left > 0 || !frame.fin || this.#utf8.finish()
  }

  /** Bad text: its frame does not go out, unless the beginning already has. */
  #refuseText(chunk: Uint8Array, end: number): number {
    if (this.#begin > 0) this.#forward(chunk, this.#begin)
    this.#isMidFrame = this.#begin < 0
    this.#isBroken = true
    if (this.#events.violated(NOT_UTF8) === 'stop') return end
    this.#utf8 = undefined
    this.#isBroken = false
    this.#isMidFrame = this.#reader.left > 0
    return end
  }

  /** A header that cannot be read: what follows has no meaning. */
  #violate(chunk: Uint8Array, violation: Violation): -1 {
    if (this.#events.violated(violation) === 'pass') return this.#goBlind(chunk)
    this.#isFinished = true
    this.#events.answered()
    return -1
  }

  #goBlind(chunk: Uint8Array): -1 {
    this.#isBlind = true
    this.#isMidFrame = true
    this.#isBroken = true
    this.#held = this.#reader.held()
    this.#forward(chunk, chunk.length)
    return -1
  }

  #awaitAnswer(end: number): number {
    if (this.#reader.violation) this.#isFinished = true
    if (!this.#reader.close) return end
    this.#isFinished = true
    this.#events.answered()
    return -1
  }

  /** Sends what was judged good and did not go out yet, up to `end`. */
  #forward(chunk: Uint8Array, end: number): void {
    if (this.#isSealed) return
    if (this.#held) {
      this.#write(this.#held)
      this.#held = undefined
    }
    if (end <= this.#sent) return
    this.#write(this.#sent === 0 && end === chunk.length ? chunk : chunk.subarray(this.#sent, end))
    this.#sent = end
  }

  #write(bytes: Uint8Array): void {
    this.#events.forwarded(bytes.length)
    if (!this.#options.to.write(bytes)) this.#options.from.pause()
  }

  #seal(frame: Buffer): void {
    this.#options.to.write(frame)
    this.#waiting = undefined
    this.#held = undefined
    this.#isSealed = true
    if (this.#isLast) this.#options.to.end()
    this.#options.from.resume()
  }

  #cut(): void {
    this.#waiting = undefined
    this.#isSealed = true
    this.#options.to.end()
  }
}
