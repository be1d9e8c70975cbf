/**
 * One direction of a session, and what happens to a frame on its way: the reader finds its header, `judge` judges it,
 * and what was judged good goes out as the slice it came in. Both directions run this code.
 */
import { OPCODE, type Violation } from '../frames/frame.ts'
import { FrameReader } from '../frames/reader.ts'
import type { Finding } from '../policy/finding.ts'
import type { Delayed } from './delayed.ts'
import type { DirectionEvents, DirectionOptions } from './direction-options.ts'
import { Flow } from './flow.ts'
import { Intake } from './intake.ts'
import { Outlet } from './outlet.ts'
import { TextCheck } from './text-check.ts'
import { Waiting } from './waiting.ts'

const NOTHING = new Uint8Array(0)
const NOT_UTF8: Violation = { code: 1007, detail: 'text that is not UTF-8' }

export class Direction {
  readonly flow: Flow
  readonly #reader: FrameReader
  #text: TextCheck | undefined
  readonly #options: DirectionOptions
  readonly #events: DirectionEvents
  /** Its far end, where frames of ours can be put in. */
  readonly out: Outlet
  #intake: Intake | undefined
  /** Where in the current chunk the current frame begins; -1 where it began in an earlier one. */
  #begin = -1
  /** The current chunk had data: control frames keep no session from being idle. */
  #hasData = false
  /** The rest of the message under way does not go out, nor did its beginning. */
  #isDropping = false
  /** Nor does the rest of the frame under way. */
  #isSkipping = false
  #waiting: Waiting | undefined
  /** What the sender still sends means nothing: it sent Close (RFC 6455 section 1.4), or broke the protocol. */
  #isFinished = false
  /** The sender broke the protocol in a dry run: what follows is relayed unread. */
  #isBlind = false

  constructor(options: DirectionOptions, events: DirectionEvents) {
    this.#options = options
    this.#events = events
    this.#reader = new FrameReader({ from: options.sender, rsv: options.rsv })
    this.#text = options.check === 'text' && !options.rsv.opaque ? new TextCheck(this.#reader) : undefined
    this.flow = new Flow(options.now())
    this.out = new Outlet(options, events, this.#reader, this.flow)
  }

  // Most sessions have neither of these.

  /** Where its messages are read, if they are. */
  get intake(): Intake {
    this.#intake ??= new Intake(this.#reader, this.out, this.#options, this.#events)
    return this.#intake
  }

  /** Where a frame waits that is delayed. */
  get #queue(): Waiting {
    const goOn = (delayed: Delayed, dropped: Finding | undefined) => this.#goOn(delayed, dropped)
    this.#waiting ??= new Waiting(this.#reader, this.#options, this.#events, goOn)
    return this.#waiting
  }

  /** Whether no Close of the sender is to be looked for any more: it sent one, left, or broke the protocol. */
  get isFinished(): boolean {
    return this.#isFinished || this.out.isBroken
  }

  /** Takes what the sender sent. Once sealed it only looks for the answer to our Close. */
  receive(chunk: Uint8Array): void {
    const now = this.#options.now()
    if (this.#waiting?.keeps(chunk, now) || this.#isFinished) return
    this.#read(chunk, now, now)
  }

  /** @param arrived when the chunk was read; it is judged `now` */
  #read(chunk: Uint8Array, arrived: number, now: number): void {
    if (this.#isFinished) return
    const { frame } = this.#reader
    this.out.begin()
    this.#begin = -1
    this.#hasData = false
    if (this.#isBlind) return this.out.forward(chunk, chunk.length)
    frame.at = now
    frame.arrived = arrived
    this.#relay(chunk, 0)
    if (this.#hasData) this.flow.dataAt = now
  }

  #relay(chunk: Uint8Array, from: number): void {
    let at = from
    while (at < chunk.length) {
      at = this.#reader.left > 0 ? this.#payload(chunk, at) : this.#header(chunk, at)
      if (at < 0) return
    }
    this.out.forward(chunk, at)
  }

  /**
   * Puts a Close in, at once or at the end of the frame under way; where that will never come, only FIN is sent.
   * @param notice a text message to go before it, left out inside a message of the sender
   */
  close(frame: Buffer, notice?: Buffer): void {
    if (this.out.isClosing) return
    this.#options.from.resume()
    this.out.close(frame, notice)
    if (this.out.isSealed) this.#abandon()
  }

  /** Whether the sender is not read: the receiver is slow, or a frame is delayed. */
  get isPaused(): boolean {
    return this.flow.isFull || this.#waiting?.delayed !== undefined
  }

  /** When the sender was last heard, ms, monotonic. */
  get heardAt(): number {
    return this.#reader.frame.arrived
  }

  /** Reads the sender, unless the receiver is slow or a frame is delayed. */
  resume(): void {
    if (this.isPaused) return
    this.flow.resumedAt = this.#options.now()
    this.#options.from.resume()
  }

  /** The receiver has taken what was queued. */
  drained(): void {
    this.flow.isFull = false
    this.resume()
  }

  /** The receiver is gone: what is queued will never drain, and what is delayed has nowhere to go. */
  receiverLeft(): void {
    this.out.isSealed ||= this.#waiting?.delayed !== undefined
    this.#abandon()
    this.#options.from.resume()
  }

  /** Does something after what the sender has sent so far: at once, or when what is delayed has had its turn. */
  afterwards(act: () => void): void {
    if (this.#waiting) this.#waiting.afterwards(act)
    else act()
  }

  #header(chunk: Uint8Array, at: number): number {
    const reader = this.#reader
    const end = reader.next(chunk, at)
    if (this.out.isSealed) return this.#awaitAnswer(end)
    if (end < 0) {
      this.out.forward(chunk, at)
      return reader.violation ? this.#violate(chunk, reader.violation) : -1
    }
    if (reader.frame.opcode === OPCODE.pong && this.#options.heartbeat?.isAnswer(reader, chunk, end))
      return this.#drop(chunk, at, end)
    const finding = this.#events.judge(reader.frame)
    if (finding) return this.#stop(finding, chunk, at, end)
    if (this.#isOfDropped) return this.#drop(chunk, at, end)
    return this.#take(reader.held(), chunk, at, end)
  }

  /** Whether the frame goes on with a message whose beginning did not go out: it is judged like any, for it may have no end. */
  get #isOfDropped(): boolean {
    return this.#isDropping && this.#reader.frame.opcode === OPCODE.continuation
  }

  /** A frame that was judged good. Where a policy reads its message, that is judged too. */
  #take(held: Uint8Array | undefined, chunk: Uint8Array, at: number, end: number): number {
    this.#begin = at
    if (this.#reader.frame.messageOpcode !== 0) this.#hasData = true
    const taken = this.#intake === undefined ? 'pass' : this.#intake.header(held, chunk, at, end)
    if (taken !== 'pass') return taken === 'kept' ? end : this.#stop(taken, chunk, at, end)
    if (held) this.out.hold(held)
    return this.#letThrough(chunk, end)
  }

  #letThrough(chunk: Uint8Array, end: number): number {
    const reader = this.#reader
    this.out.isMidFrame = reader.left > 0
    if (reader.frame.first) {
      this.#text?.reset()
      this.#events.message()
    }
    if (reader.left === 0 && this.#text?.isBad(chunk, end, end)) return this.#refuseText(chunk, end)
    if (reader.left === 0) this.out.passed(chunk, end)
    if (!reader.close) return end
    this.out.forward(chunk, end)
    this.out.isSealed = true
    this.#isFinished = true
    this.#events.closed(reader.close)
    return -1
  }

  /** A frame that must not pass, or not yet. What was good before it has gone out, or goes now. */
  #stop(finding: Finding | 'taken', chunk: Uint8Array, at: number, end: number): number {
    if (finding === 'taken' || !['close', 'delay'].includes(finding.action)) return this.#drop(chunk, at, end)
    this.out.forward(chunk, at)
    if (finding.action === 'close') this.#events.refused(finding)
    else this.#queue.begin(finding, chunk, at, end)
    return finding.action === 'close' ? end : -1
  }

  /** The frame vanishes, and so does the rest of its message: to the receiver neither ever was. */
  #drop(chunk: Uint8Array, at: number, end: number): number {
    const { frame } = this.#reader
    this.out.forward(chunk, at)
    // Control frames are no part of the message they lie in.
    if (frame.messageOpcode !== 0) this.#isDropping = !frame.fin
    return this.#skip(end)
  }

  /** Of the frame under way nothing goes out, up to `end` of the chunk. */
  #skip(end: number): number {
    this.#isSkipping = this.#reader.left > 0
    this.out.skip(end)
    return end
  }

  /** The delayed frame goes on as if its header had come by itself, and now comes the rest. */
  #goOn({ header, chunks, acts }: Delayed, dropped: Finding | undefined): void {
    const { frame } = this.#reader
    const [rest = { bytes: NOTHING, at: frame.arrived }, ...others] = chunks
    this.out.begin()
    this.#queue.replay([rest], ({ bytes }) => {
      const isDropped = dropped !== undefined || this.#isOfDropped
      const at = isDropped ? this.#drop(bytes, 0, 0) : this.#take(header, bytes, 0, 0)
      if (at >= 0) this.#relay(bytes, at)
    })
    this.#queue.replay(others, ({ bytes, at }) => this.#read(bytes, at, this.#options.now()))
    for (const act of acts) this.afterwards(act)
    this.resume()
  }

  /** Of what is delayed nothing will go out; the answer to our Close may be in it. */
  #abandon(): void {
    this.#intake?.reading?.release()
    const delayed = this.#waiting?.delayed
    if (!this.#waiting || !delayed) return
    this.#waiting.delayed = undefined
    delayed.deadline.cancel()
    this.#awaitAnswer(0)
    for (const { bytes, at } of delayed.chunks) this.#read(bytes, at, at)
    for (const act of delayed.acts) act()
  }

  #payload(chunk: Uint8Array, at: number): number {
    const end = this.#reader.payload(chunk, at)
    if (this.out.isSealed) return end
    if (this.#isSkipping) return this.#skip(end)
    if (this.#begin < 0 && this.#reader.frame.messageOpcode !== 0) this.#hasData = true
    const taken = this.#intake === undefined ? 'pass' : this.#intake.payload(chunk, at, end)
    if (taken !== 'pass') return taken === 'kept' ? end : this.#stop(taken, chunk, at, end)
    if (this.#text?.isBad(chunk, at, end)) return this.#refuseText(chunk, end)
    this.out.isMidFrame = this.#reader.left > 0
    this.out.passed(chunk, end)
    return end
  }

  /** Bad text: its frame does not go out, unless the beginning already has. */
  #refuseText(chunk: Uint8Array, end: number): number {
    if (this.#begin > 0) this.out.forward(chunk, this.#begin)
    this.out.isMidFrame = this.#begin < 0
    this.out.isBroken = true
    if (this.#events.violated(NOT_UTF8) === 'stop') return end
    this.#text = undefined
    this.out.isBroken = false
    this.out.isMidFrame = this.#reader.left > 0
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
    this.out.isMidFrame = true
    this.out.isBroken = true
    const held = this.#reader.held()
    if (held) this.out.hold(held)
    this.out.forward(chunk, chunk.length)
    return -1
  }

  #awaitAnswer(end: number): number {
    if (this.#reader.violation) this.#isFinished = true
    if (!this.#reader.close) return end
    this.#isFinished = true
    this.#events.answered()
    return -1
  }
}
