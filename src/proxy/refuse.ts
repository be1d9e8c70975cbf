/**
 * Saying no to an upgrade, the only place that does: a completed handshake with a close frame that a browser can read
 * (trap 9), or an HTTP status. No backend is involved; it costs a few hundred bytes.
 */
import { type Close, isSendableCode } from '../frames/close.ts'
import { closeFrame } from '../frames/writer.ts'
import type { Answers } from '../policy/answers.ts'
import type { Connection } from '../policy/connection.ts'
import type { RejectWith, RoutePolicy } from '../policy/policy.ts'
import type { Reason } from '../policy/reasons.ts'
import { rawAnswer, switchingAnswer } from './answer.ts'
import { handshakeKey } from './handshake.ts'
import type { Linger } from './linger.ts'
import type { Upgrade } from './pending-upgrade.ts'

/** What a refused client is told. */
export type No =
  | { readonly by: 'close'; readonly code: number; readonly text: string; readonly protocol: string | undefined }
  | { readonly by: 'http'; readonly code: number; readonly text: string; readonly retryAfter: number | undefined }

/** These ask the client to come back, so they are a status that load balancers understand too. */
const RETRY: ReadonlySet<Reason> = new Set(['shutting_down', 'overloaded'])
/** What stands for a Close without a code (RFC 6455 section 7.4.1). */
const NO_CODE = 1005
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

/** The same of a client whose connection is open by now: only a Close can tell it. */
export function closeWith(reason: Reason, answers: Answers): No {
  const { code, text } = answers[reason]
  return { by: 'close', code, text, protocol: undefined }
}

/** The answer to a Close. */
export const answerTo = ({ code = NO_CODE, reason }: Close): No => ({
  by: 'close',
  code,
  text: reason,
  protocol: undefined,
})

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
export function deliver(no: No, upgrade: Pick<Upgrade, 'request' | 'socket' | 'opened'>, linger: Linger): void {
  const { request, socket, opened } = upgrade
  if (no.by === 'http') return linger.end(socket, httpAnswer(no.code, no.text, no.retryAfter))
  const close = closeFrame(isSendableCode(no.code) ? no.code : undefined, no.text, 'client')
  if (opened) return linger.end(socket, close)
  const key = handshakeKey(request)
  linger.end(socket, Buffer.concat([switchingAnswer(key, no.protocol), close]))
}

function httpAnswer(status: number, text: string, retryAfter: number | undefined): Buffer {
  const retry = retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]
  const challenge = status === 401 ? ['WWW-Authenticate: Bearer'] : []
  return rawAnswer(status, text, [...retry, ...challenge])
}
