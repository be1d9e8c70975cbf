/** What becomes of data frames on their way where a policy reads their messages: they pass, are kept back, or are refused. */
import type { FrameReader } from '../frames/reader.ts'
import { encodeFrame } from '../frames/writer.ts'
import type { Finding } from '../policy/finding.ts'
import type { DirectionEvents, DirectionOptions } from './direction-options.ts'
import type { Outlet } from './outlet.ts'
import type { Reading } from './reading.ts'

/** `kept`: it goes out later, or did. `taken`: its message was for us. A finding: its message must not go out. */
export type Taken = 'pass' | 'kept' | 'taken' | Finding

export class Intake {
  /** Absent where nobody reads the messages. */
  reading: Reading | undefined
  readonly #reader: FrameReader
  readonly #out: Outlet
  readonly #options: DirectionOptions
  readonly #events: Pick<DirectionEvents, 'message'>

  constructor(reader: FrameReader, out: Outlet, options: DirectionOptions, events: Pick<DirectionEvents, 'message'>) {
    this.#reader = reader
    this.#out = out
    this.#options = options
    this.#events = events
  }

  /** A frame whose header, judged good, ends at `end`; `held`: what of it came in earlier chunks. */
  header(held: Uint8Array | undefined, chunk: Uint8Array, at: number, end: number): Taken {
    const { reading } = this
    if (!reading || this.#reader.frame.messageOpcode === 0) return 'pass'
    const finding = reading.header(this.#reader, { held, chunk, at, end })
    if (finding === 'taken') return finding
    if (finding?.counted) return this.#refused(finding, chunk, at)
    this.#out.isWithheld = reading.isWithholding
    if (!reading.isWithholding) return 'pass'
    this.#out.forward(chunk, at)
    return this.#keptBack(reading, end)
  }

  /** Payload of that frame. */
  payload(chunk: Uint8Array, at: number, end: number): Taken {
    const { reading } = this
    const { frame, left } = this.#reader
    if (!reading?.isKeeping || frame.messageOpcode === 0) return 'pass'
    const finding = reading.payload(frame, chunk, at, end, left)
    if (finding === 'taken') return finding
    if (finding?.counted) return this.#refused(finding, chunk, at)
    return reading.isWithholding ? this.#keptBack(reading, end) : 'pass'
  }

  /** Up to `end` of the chunk it goes out later; or now, where that was the last of a good message. */
  #keptBack(reading: Reading, end: number): 'kept' {
    this.#out.skip(end)
    const whole = reading.take()
    if (whole) {
      this.#out.put(whole)
      this.#events.message()
    }
    return 'kept'
  }

  #refused(finding: Finding, chunk: Uint8Array, at: number): Finding {
    if (!finding.instead) return finding
    const to = this.#options.sender === 'client' ? 'upstream' : 'client'
    this.#out.forward(chunk, at)
    this.#out.put(encodeFrame(this.#reader.frame.messageOpcode, finding.instead, to))
    this.#events.message()
    return finding
  }
}
