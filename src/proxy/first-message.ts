/** Reads the first message of a client, while what it sends is kept or relayed by others. Control frames may come before and within it. */
import type { Close } from '../frames/close.ts'
import type { AllowedRsv } from '../frames/extensions.ts'
import { type Frame, OPCODE } from '../frames/frame.ts'
import { Inflater } from '../frames/inflate.ts'
import { FrameReader } from '../frames/reader.ts'
import { broken } from '../policy/finding.ts'
import type { FirstMessage, Said } from '../policy/first-message.ts'
import type { Reason } from '../policy/reasons.ts'
import { type Refusal, refuse } from '../policy/verdict.ts'
import { REASON_OF_CODE } from './end.ts'
import { KeptMessage } from './kept-message.ts'
import type { MessageMemory } from './message-memory.ts'
import { scratch } from './scratch.ts'

/** What came of it: what the message says, or why it cannot be taken; a client that closed instead said so. */
export type Heard = { readonly said: Said; readonly close?: Close }

interface Options {
  readonly firstMessage: Pick<FirstMessage, 'maxBytes' | 'read'>
  readonly memory: MessageMemory
  readonly rsv: AllowedRsv
  /** ms, monotonic. */
  readonly now: () => number
}

export class FirstMessageReader {
  readonly #options: Options
  readonly #reader: FrameReader
  readonly #kept: KeptMessage

  constructor(options: Options) {
    this.#options = options
    this.#reader = new FrameReader({ from: 'client', rsv: options.rsv })
    this.#kept = new KeptMessage(options.memory)
  }

  /** Undefined: more is to come. A fault of ours is what came of it, too. */
  hear(chunk: Uint8Array): Heard | undefined {
    try {
      return this.#read(chunk)
    } catch (error) {
      return { said: broken(error) }
    }
  }

  #read(chunk: Uint8Array): Heard | undefined {
    let at = 0
    while (at < chunk.length) {
      const isPayload = this.#reader.left > 0
      const end = isPayload ? this.#reader.payload(chunk, at) : this.#reader.next(chunk, at)
      if (end < 0) return this.#broken()
      const heard = isPayload ? this.#payload(chunk.subarray(at, end)) : this.#header()
      if (heard) return heard
      at = end
    }
    return undefined
  }

  /** Gives back what it holds. */
  release(): void {
    this.#kept.clear()
  }

  #broken(): Heard | undefined {
    const { violation } = this.#reader
    return violation && refused(REASON_OF_CODE[violation.code], violation.detail)
  }

  #header(): Heard | undefined {
    const { frame, close, maskKey } = this.#reader
    const { firstMessage, rsv } = this.#options
    if (close) return { said: LEFT, close }
    if (frame.messageOpcode === 0) return undefined
    if (frame.messageLength > firstMessage.maxBytes) return this.#tooBig()
    // In a dry run only: enforced, there is no extension.
    if (rsv.opaque) return refused('internal_error', 'an extension was negotiated whose messages cannot be read')
    this.#kept.begin([], maskKey, firstMessage.maxBytes)
    return frame.length === 0 && frame.fin ? this.#whole(frame) : undefined
  }

  #payload(bytes: Uint8Array): Heard | undefined {
    const { frame, left } = this.#reader
    if (frame.messageOpcode === 0) return undefined
    if (!this.#kept.add(bytes)) return refused('overloaded', 'limits.buffered: too many messages are unfinished')
    return left === 0 && frame.fin ? this.#whole(frame) : undefined
  }

  #whole(frame: Frame): Heard {
    const { firstMessage, now } = this.#options
    const { payload: bytes, isAscii } = this.#kept.unmasked(scratch)
    this.#kept.clear()
    const payload = frame.compressed ? new Inflater('alone').inflate(bytes, firstMessage.maxBytes) : bytes
    if (payload === 'too big') return this.#tooBig()
    if (payload === 'broken') return refused('message_invalid', 'the first message: its compression is broken')
    const kind = frame.messageOpcode === OPCODE.text ? 'text' : 'binary'
    return { said: firstMessage.read({ kind, payload, isAscii: isAscii && !frame.compressed, at: now() }) }
  }

  #tooBig(): Heard {
    return refused('message_too_big', `a first message of more than ${this.#options.firstMessage.maxBytes} bytes`)
  }
}

/** It went without a word. */
export const LEFT: Refusal = refuse('token_missing', 'the client left before its first message')

export const isRefusal = (said: Said): said is Refusal => 'ok' in said

const refused = (reason: Reason, detail: string): Heard => ({ said: refuse(reason, detail) })
