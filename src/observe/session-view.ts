/** An open connection as operators see it. */
import type { Reason } from '../policy/reasons.ts'
import type { Traffic } from './events.ts'

export interface SessionView {
  readonly id: string
  readonly route: string
  readonly ip: string
  readonly user: string | undefined
  readonly origin: string | undefined
  /** ms since the epoch. */
  readonly since: number
  readonly traffic: Traffic
  /** Ends the connection: both sides get the reason's close frame. */
  readonly end: (reason: Reason) => void
}
