/**
 * What a session is told by the wire and the direction of either side, with whose it is. Objects with shared methods: as
 * closures they were a third of what an idle session weighs.
 */
import type { Close } from '../frames/close.ts'
import type { Frame, Peer, Violation } from '../frames/frame.ts'
import type { Finding } from '../policy/finding.ts'
import type { Reason } from '../policy/reasons.ts'
import type { DirectionEvents } from './direction-options.ts'
import type { WireEvents } from './wire.ts'

/** The session, as its two sides see it; see {@link WireEvents} and {@link DirectionEvents}. */
export interface Told {
  read(side: Peer, chunk: Uint8Array): void
  filled(side: Peer): void
  drained(side: Peer): void
  left(side: Peer): void
  gone(side: Peer): void
  judge(sender: Peer, frame: Frame): Finding | undefined
  message(sender: Peer): void
  forwarded(sender: Peer, bytes: number): void
  stalled(sender: Peer): void
  end(reason: Reason, detail: string, notice?: string): void
  violated(sender: Peer, violation: Violation): 'stop' | 'pass'
  closed(sender: Peer, close: Close): void
  answered(sender: Peer): void
}

export class ToldByWire implements WireEvents {
  readonly #session: Told
  readonly #side: Peer

  constructor(session: Told, side: Peer) {
    this.#session = session
    this.#side = side
  }

  read(chunk: Uint8Array): void {
    this.#session.read(this.#side, chunk)
  }

  filled(): void {
    this.#session.filled(this.#side)
  }

  drained(): void {
    this.#session.drained(this.#side)
  }

  ended(): void {
    this.#session.left(this.#side)
  }

  closed(): void {
    this.#session.gone(this.#side)
  }
}

export class ToldByDirection implements DirectionEvents {
  readonly #session: Told
  readonly #sender: Peer

  constructor(session: Told, sender: Peer) {
    this.#session = session
    this.#sender = sender
  }

  judge(frame: Frame): Finding | undefined {
    return this.#session.judge(this.#sender, frame)
  }

  message(): void {
    this.#session.message(this.#sender)
  }

  forwarded(bytes: number): void {
    this.#session.forwarded(this.#sender, bytes)
  }

  stalled(): void {
    this.#session.stalled(this.#sender)
  }

  refused({ reason, detail, notice }: Finding): void {
    this.#session.end(reason, detail, notice)
  }

  violated(violation: Violation): 'stop' | 'pass' {
    return this.#session.violated(this.#sender, violation)
  }

  closed(close: Close): void {
    this.#session.closed(this.#sender, close)
  }

  answered(): void {
    this.#session.answered(this.#sender)
  }
}
