/**
 * How the messages of one side are read, where a policy does. A message that is one frame, whole in its chunk, is judged
 * where it lies; any other is kept until it is whole. Enforced, none of it goes out before; in a dry run it goes out as it
 * comes, and what is kept is a copy.
 */

import { type Frame, OPCODE, type Peer } from '../frames/frame.ts'
import { Inflater, type Takeover } from '../frames/inflate.ts'
import { unmask } from '../frames/mask.ts'
import type { FrameReader } from '../frames/reader.ts'
import type { MessageStep } from '../policy/check.ts'
import type { Finding } from '../policy/finding.ts'
import type { MessageInspector, MessageOutcome } from '../policy/inspect-message.ts'
import type { Reason } from '../policy/reasons.ts'
import { refuse } from '../policy/verdict.ts'
import { KeptMessage } from './kept-message.ts'
import type { MessageMemory } from './message-memory.ts'
import { scratch } from './scratch.ts'

export interface ReadingOptions {
  readonly sender: Peer
  readonly inspector: MessageInspector
  readonly memory: MessageMemory
  /** `unreadable`: under an extension that we do not know. */
  readonly payloads: Takeover | 'unreadable'
  /** Whether messages came before that were not read. */
  readonly began: 'first' | 'later'
}

/** The header of a frame: what of it came in earlier chunks, and where the rest of it ends. */
export interface HeaderPlace {
  readonly held: Uint8Array | undefined
  readonly chunk: Uint8Array
  readonly at: number
  readonly end: number
}

/** Bytes of the headers of as many fragments as a client may send where nothing is set. */
const MOST_HEADERS = 16_384 * 14

export class Reading {
  /** Of the message under way nothing has gone out, and nothing will before it is whole. */
  isWithholding = false
  /** What comes of the message under way is kept. */
  isKeeping = false
  readonly #options: ReadingOptions
  readonly #inflater: Inflater
  readonly #kept: KeptMessage
  /** The next compressed message may refer to one that was not inflated. */
  #isLost: boolean
  #isOff = false
  /** Whether the message under way is read: not where it began before us, or cannot be. */
  #isRead = false
  /** What may go out of a message that was withheld. */
  #ready: Uint8Array | undefined
  /** What a reload has made of the policy, until the message under way is over: what is out of that cannot be taken back. */
  #reloaded: readonly MessageStep[] | undefined

  constructor(options: ReadingOptions) {
    const { payloads, memory, began } = options
    this.#options = options
    this.#inflater = new Inflater(payloads === 'alone' ? 'alone' : 'takeover')
    this.#kept = new KeptMessage(memory)
    this.#isLost = began === 'later' && payloads !== 'alone'
  }

  /** Whether a message that is refused does not pass. */
  get isEnforced(): boolean {
    return !this.#isOff && this.#options.inspector.step.mode === 'enforce'
  }

  /** Takes what a reload has made of the policy, from the next message on; none: messages are not read any more. */
  adopt(steps: readonly MessageStep[]): void {
    this.#reloaded = steps
    if (!this.isKeeping) this.#adoptReloaded()
  }

  /**
   * The header of a data frame, before any of it goes out. Returns what becomes of its message, where that is known.
   */
  header({ frame, maskKey }: FrameReader, { held, chunk, at, end }: HeaderPlace): MessageOutcome {
    if (frame.first) return this.#begin(frame, maskKey, { held, chunk, at, end })
    return this.isKeeping ? this.#keep(frame, maskKey, { held, chunk, at, end }) : undefined
  }

  /** Payload of that frame, while it is kept; `left`: bytes of it that are to come. */
  payload(frame: Frame, chunk: Uint8Array, at: number, end: number, left: number): MessageOutcome {
    if (!this.#kept.add(chunk.subarray(at, end))) return this.#isFull(frame)
    return left === 0 && frame.fin ? this.#whole(frame) : undefined
  }

  /** A message that was withheld and may go out, as it came: once. */
  take(): Uint8Array | undefined {
    const ready = this.#ready
    this.#ready = undefined
    return ready
  }

  /** Nothing more goes out. */
  release(): void {
    this.#stopKeeping()
  }

  #begin(frame: Frame, key: number, place: HeaderPlace): MessageOutcome {
    this.#stopKeeping()
    this.#adoptReloaded()
    this.isWithholding = false
    this.#isRead = !this.#isOff
    const refused = this.#isRead ? this.#unreadable(frame) : this.#skip(frame)
    if (refused || !this.#isRead) return refused
    const { chunk, end } = place
    const isWhole = frame.fin && chunk.length - end >= frame.length
    if (!isWhole) return this.#startKeeping(frame, key, place)
    if (frame.length > this.#most) return this.#isTooBig(frame)
    const payload = scratch(frame.length)
    const isAscii = unmask(payload, chunk, end, end + frame.length, key, 0)
    return this.#judge(frame, payload, isAscii)
  }

  #adoptReloaded(): void {
    const steps = this.#reloaded
    if (!steps) return
    this.#reloaded = undefined
    this.#isOff = steps.length === 0
    if (steps.length > 0) this.#options.inspector.adopt(steps)
  }

  get #most(): number {
    return this.#options.inspector.step.maxBytes
  }

  /** Why the message that begins cannot be read. A dry run leaves it then as it is. */
  #unreadable(frame: Frame): Finding | undefined {
    const isUnknown = this.#options.payloads === 'unreadable'
    if (!isUnknown && !(frame.compressed && this.#isLost)) return undefined
    this.#isRead = false
    if (!this.isEnforced) return undefined
    return isUnknown
      ? this.#refuse('internal_error', 'an extension was negotiated whose messages cannot be read', frame)
      : this.#refuse('shutting_down', 'compressed with messages that were not read: before the policy was there', frame)
  }

  #skip(frame: Frame): undefined {
    if (frame.compressed && this.#options.payloads !== 'alone') this.#isLost = true
  }

  #startKeeping(frame: Frame, key: number, place: HeaderPlace): MessageOutcome {
    this.isKeeping = true
    this.isWithholding = this.isEnforced
    return this.#keep(frame, key, place)
  }

  #keep(frame: Frame, key: number, { held, chunk, at, end }: HeaderPlace): MessageOutcome {
    if (frame.messageLength > this.#most || this.#kept.length > this.#most + MOST_HEADERS) return this.#isTooBig(frame)
    // A copy of what goes out anyway needs no headers.
    const header = this.isWithholding ? [...(held ? [held] : []), chunk.subarray(at, end)] : []
    if (!this.#kept.begin(header, key, this.#most)) return this.#isFull(frame)
    return frame.fin && frame.length === 0 ? this.#whole(frame) : undefined
  }

  #whole(frame: Frame): MessageOutcome {
    const { payload, isAscii } = this.#kept.unmasked(scratch)
    const outcome = this.#judge(frame, payload, isAscii)
    const passes = outcome === undefined || (outcome !== 'taken' && !outcome.counted)
    if (this.isWithholding && passes) this.#ready = this.#kept.take()
    this.#stopKeeping()
    return outcome
  }

  #judge(frame: Frame, bytes: Uint8Array, isAscii: boolean): MessageOutcome {
    const payload = frame.compressed ? this.#inflater.inflate(bytes, this.#most) : bytes
    if (typeof payload === 'string') return this.#notInflated(frame, payload)
    const kind = frame.messageOpcode === OPCODE.text ? 'text' : 'binary'
    const message = { kind, payload, isAscii: isAscii && !frame.compressed, at: frame.at } as const
    return this.#options.inspector.judge(message, frame.compressed)
  }

  #notInflated(frame: Frame, why: 'too big' | 'broken'): Finding {
    this.#isLost = this.#options.payloads !== 'alone'
    if (why === 'too big') return this.#isTooBig(frame)
    return this.#refuse(this.#reason('message_invalid'), 'its compression is broken', frame)
  }

  #isTooBig(frame: Frame): Finding {
    return this.#refuse(
      this.#reason('message_too_big'),
      `a message of more than ${this.#most} bytes cannot be read`,
      frame,
    )
  }

  #isFull(frame: Frame): Finding {
    return this.#refuse('overloaded', 'limits.buffered: too many messages are unfinished', frame)
  }

  /** What is wrong with what a backend sends is none of the client's doing. */
  #reason(reason: Reason): Reason {
    return this.#options.sender === 'client' ? reason : 'outbound_denied'
  }

  /** The message under way is not read any further. */
  #refuse(reason: Reason, detail: string, frame: Frame): Finding {
    this.#stopKeeping()
    this.isWithholding = false
    this.#skip(frame)
    return this.#options.inspector.conclude(refuse(reason, detail), frame.compressed)
  }

  #stopKeeping(): void {
    if (!this.isKeeping) return
    this.isKeeping = false
    this.#kept.clear()
  }
}
