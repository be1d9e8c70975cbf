/** Clients that show their token in their first message: let in to speak first, and judged by what they say. */
import type { Mode, Step } from './check.ts'
import type { Connection } from './connection.ts'
import type { Message } from './message.ts'
import type { Refusal } from './verdict.ts'

/** What a first message says, as JSON; or why it cannot be taken. */
export type Said = { readonly value: unknown } | Refusal

/** How a route waits for it. */
export interface FirstMessage {
  /** The token's; in a dry run nobody waits. */
  readonly mode: Mode
  /** How long the client may take for it, ms. */
  readonly timeoutMs: number
  /** The longest it may be. */
  readonly maxBytes: number
  /** Whether a handshake shows no token itself. */
  readonly isAwaited: (connection: Connection) => boolean
  /** The subprotocol that such a client is told, which is the one it then speaks with the backend. */
  readonly protocolOf: (connection: Connection) => string | undefined
  /** Judged before it may speak. */
  readonly before: readonly Step[]
  /** Whether one more may wait; what it takes is given back when the wait is over. */
  readonly place: Step
  /** Judged when it has spoken. */
  readonly after: readonly Step[]
  readonly read: (message: Message) => Said
}
