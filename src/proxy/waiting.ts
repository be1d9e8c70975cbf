/** Whether a frame of a direction waits to be judged again, and how long: the sender is not read meanwhile. */
import type { FrameReader } from '../frames/reader.ts'
import type { Finding } from '../policy/finding.ts'
import { Delayed, type Kept } from './delayed.ts'
import type { DirectionEvents, DirectionOptions } from './direction-options.ts'

export class Waiting {
  /** The frame that waits, and what came after it. */
  delayed: Delayed | undefined
  /** The chunk that is being read is a copy of ours. */
  #isOurs = false
  readonly #reader: FrameReader
  readonly #options: Pick<DirectionOptions, 'from' | 'now' | 'later'>
  readonly #events: Pick<DirectionEvents, 'judge' | 'refused'>
  readonly #goOn: (delayed: Delayed, dropped: Finding | undefined) => void

  /** @param goOn has the frame's turn: it passes, or it is dropped */
  constructor(
    reader: FrameReader,
    options: Pick<DirectionOptions, 'from' | 'now' | 'later'>,
    events: Pick<DirectionEvents, 'judge' | 'refused'>,
    goOn: (delayed: Delayed, dropped: Finding | undefined) => void,
  ) {
    this.#reader = reader
    this.#options = options
    this.#events = events
    this.#goOn = goOn
  }

  /** Delays the frame just read, whose header stands in `chunk` from `at` to `end`; a chunk that is ours to keep is not copied again. */
  begin({ retryAt = 0 }: Finding, chunk: Uint8Array, at: number, end: number): void {
    const { from, later } = this.#options
    from.pause()
    const deadline = later(retryAt, () => this.#retry())
    const held = this.#reader.held()
    const header = Buffer.concat([...(held ? [held] : []), chunk.subarray(at, end)])
    const rest = chunk.subarray(end)
    const bytes = this.#isOurs ? rest : new Uint8Array(rest)
    this.delayed = new Delayed(header, { bytes, at: this.#reader.frame.arrived }, deadline)
  }

  /** Whether a chunk that was just read must wait behind what is delayed. A copy is kept: it is valid during its call only. */
  keeps(chunk: Uint8Array, at: number): boolean {
    if (!this.delayed) return false
    this.delayed.chunks.push({ bytes: new Uint8Array(chunk), at })
    return true
  }

  /** Relays what was kept, in order; what cannot go yet waits again. */
  replay(chunks: readonly Kept[], relay: (kept: Kept) => void): void {
    this.#isOurs = true
    for (const kept of chunks) {
      if (this.delayed) this.delayed.chunks.push(kept)
      else relay(kept)
    }
    this.#isOurs = false
  }

  /** Does something when what is delayed has had its turn, or at once. */
  afterwards(act: () => void): void {
    if (this.delayed) this.delayed.acts.push(act)
    else act()
  }

  /** Judges the delayed frame again. A refusal ends the session, and what is delayed with it. */
  #retry(): void {
    const { frame } = this.#reader
    const { now, later } = this.#options
    const { delayed } = this
    if (!delayed) return
    frame.at = now()
    const finding = this.#events.judge(frame)
    if (finding?.action === 'close') return this.#events.refused(finding)
    if (finding?.action === 'delay') {
      delayed.deadline = later(finding.retryAt ?? 0, () => this.#retry())
      return
    }
    this.delayed = undefined
    this.#goOn(delayed, finding)
  }
}
