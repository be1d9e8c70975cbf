/** What a direction is given, and what it tells its session. */
import type { Close } from '../frames/close.ts'
import type { AllowedRsv } from '../frames/extensions.ts'
import type { Frame, Peer, Violation } from '../frames/frame.ts'
import type { Finding } from '../policy/finding.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { Deadline } from './wheel.ts'
import type { Wire } from './wire.ts'

/** What a direction tells its session, by calling methods. */
export interface DirectionEvents {
  /** Judges a frame before any of it goes out; a finding stops it. After a delay the same frame comes again. */
  readonly judge: (frame: Frame) => Finding | undefined
  /** A frame that starts a message was let through. */
  readonly message: () => void
  /** So many bytes went out. */
  readonly forwarded: (bytes: number) => void
  /** The receiver does not take all of it: what is sent is queued, and the sender is not read. The session must not end within this call. */
  readonly stalled: () => void
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
  /** Runs something at a time of that clock. */
  readonly later: (time: number, run: () => void) => Deadline
  readonly from: Wire
  readonly to: Wire
  /** Whose pings the sender answers. */
  readonly heartbeat?: Heartbeat
}
