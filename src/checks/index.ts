/**
 * Every configurable check, in the order of judgement (contract section 3). Before them comes the route; on a route with
 * policy the request's shape is judged between the early ones and the rest. Adding a check is one file and one entry here.
 */
import { address } from './address.ts'
import { authorize } from './authorize.ts'
import { bytes } from './bytes.ts'
import { connections } from './connections.ts'
import { controlFrames } from './control-frames.ts'
import type { CheckDefinition } from './define.ts'
import { domains } from './domains.ts'
import { fragments } from './fragments.ts'
import { frameSize } from './frame-size.ts'
import { handshakes } from './handshakes.ts'
import { messageContent } from './message-content.ts'
import { messageSize } from './message-size.ts'
import { messages } from './messages.ts'
import { origin } from './origin.ts'
import { outbound } from './outbound.ts'
import { session } from './session.ts'
import { token } from './token.ts'

export const CHECKS = [
  address,
  handshakes,
  origin,
  token,
  domains,
  authorize,
  connections,
  frameSize,
  messageSize,
  fragments,
  controlFrames,
  messages,
  bytes,
  messageContent,
  outbound,
  session,
] as const

/**
 * The same table for code that only hands settings on: what each declaration says of its own settings holds for what its
 * own schema makes of them.
 */
export const DEFINITIONS = CHECKS as unknown as readonly CheckDefinition[]
