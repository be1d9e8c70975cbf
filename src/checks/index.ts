/**
 * Every configurable check, in the order of judgement (contract section 3). Before them come the route and, on a route
 * with policy, the request's shape. Adding a check is one file and one entry here.
 */
import { authorize } from './authorize.ts'
import { connections } from './connections.ts'
import { controlFrames } from './control-frames.ts'
import type { CheckDefinition } from './define.ts'
import { domains } from './domains.ts'
import { fragments } from './fragments.ts'
import { frameSize } from './frame-size.ts'
import { messageSize } from './message-size.ts'
import { messages } from './messages.ts'
import { origin } from './origin.ts'
import { token } from './token.ts'

export const CHECKS = [
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
] as const

/**
 * The same table for code that only hands settings on: what each declaration says of its own settings holds for what its
 * own schema makes of them.
 */
export const DEFINITIONS = CHECKS as unknown as readonly CheckDefinition[]
