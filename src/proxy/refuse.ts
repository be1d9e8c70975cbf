/**
 * Saying no to an upgrade, the only place that does: a completed handshake with a close frame that a browser can read
 * (trap 9), or an HTTP status. No backend is involved; it costs a few hundred bytes.
 */
import { acceptKey } from '../frames/accept.ts'
import { closeFrame } from '../frames/writer.ts'
import type { Answers } from '../policy/answers.ts'
import type { Connection } from '../policy/connection.ts'
import type { RejectWith, RoutePolicy } from '../policy/policy.ts'
import type { Reason } from '../policy/reasons.ts'
import { rawAnswer } from './answer.ts'
import type { Linger } from './linger.ts'
import type { Upgrade } from './pending-upgrade.ts'

/** What a refused client is told. */
export type No =
  | { readonly by: 'close'; readonly code: number; readonly text: string; readonly protocol: string | undefined }
  | { readonly by: 'http'; readonly code: number; readonly text: string; readonly retryAfter: number | undefined }

/** These ask the client to come back, so they are a status that load balancers understand too. */
const RETRY: ReadonlySet<Reason> = new Set(['shutting_down', 'overloaded'])
/** Seconds, of which a client is told a random one: all at once would be the next overload (trap 33). */
const RETRY_AFTER = { least: 1, spread: 10 }

/** Decides how a refusal is delivered (contract section 4, `rejectWith`). */
export function sayNo(reason: Reason, connection: Connection, route: RoutePolicy, answers: Answers): No {
  const { code, text, http } = answers[reason]
  if (RETRY.has(reason) || !closes(route.rejectWith, connection)) {
    return { by: 'http', code: http, text, retryAfter: isTemporary(http) ? someTimeLater() : undefined }
  }
  return { by: 'close', code, text, protocol: echoed(connection.protocols, route) }
}

/** Too many requests, or no service now (RFC 6585 section 4, RFC 9110 section 15.6.4): worth another try. */
const isTemporary = (status: number): boolean => status === 429 || status === 503

/** Seconds after which a client may ask again: at random, and telling nothing of the limits. */
export const someTimeLater = (): number => RETRY_AFTER.least + Math.floor(Math.random() * RETRY_AFTER.spread)

function closes(rejectWith: RejectWith, connection: Connection): boolean {
  if (rejectWith !== 'auto') return rejectWith === 'close'
  return connection.header('origin').length > 0
}

/** The subprotocol of a 101 that we answer ourselves: the first offered that is no token; never a token (trap 30). */
function echoed(protocols: readonly string[], route: RoutePolicy): string | undefined {
  const tokens = route.tokenProtocols(protocols)
  return protocols.find((_, index) => !tokens.has(index))
}

/** Delivers it, and lets the client read it. */
export function deliver(no: No, { request, socket }: Pick<Upgrade, 'request' | 'socket'>, linger: Linger): void {
  if (no.by === 'http') return linger.end(socket, httpAnswer(no.code, no.text, no.retryAfter))
  const key = request.headers['sec-websocket-key'] ?? ''
  linger.end(socket, Buffer.concat([handshakeAnswer(key, no.protocol), closeFrame(no.code, no.text, 'client')]))
}

function handshakeAnswer(key: string, protocol: string | undefined): Buffer {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(key)}`,
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

function httpAnswer(status: number, text: string, retryAfter: number | undefined): Buffer {
  const retry = retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]
  const challenge = status === 401 ? ['WWW-Authenticate: Bearer'] : []
  return rawAnswer(status, text, [...retry, ...challenge])
}
