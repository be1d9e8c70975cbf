/** What an upgrade needs of its request: an `IncomingMessage`, or what the fast lane makes of its head. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

export interface UpgradeRequest extends Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'> {
  /** Whom it came from. */
  readonly socket: Pick<Socket, 'remoteAddress'>
}
