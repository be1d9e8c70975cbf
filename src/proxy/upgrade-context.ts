/** What every upgrade shares. */
import type { Policy } from '../policy/policy.ts'
import type { Linger } from './linger.ts'
import type { SessionContext } from './session-context.ts'
import type { Sessions } from './sessions.ts'
import type { UpstreamPool } from './upstream.ts'

export type ProxyPolicy = Policy<UpstreamPool | undefined>

export interface UpgradeContext extends SessionContext {
  /** Whether connections are handles alone where they can be. */
  readonly isRaw: boolean
  /** The policy of now: a reload swaps it. */
  readonly policy: () => ProxyPolicy
  /** Longest wait for the backend's answer, ms. */
  readonly handshakeTimeout: number
  readonly linger: Linger
  readonly sessions: Sessions
}
