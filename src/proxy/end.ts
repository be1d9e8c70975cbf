/** How a session ended: recorded once, by whoever ended it first. */
import type { Peer } from '../frames/frame.ts'
import type { Initiator } from '../observe/events.ts'
import type { Answer } from '../policy/answers.ts'
import type { Reason } from '../policy/reasons.ts'

/** What a Close says. */
export type CloseText = Pick<Answer, 'code' | 'text'>

export interface End {
  /** The close code the client saw or sent; 1006 where there was none. */
  readonly code: number
  /** Why, where it was us; empty otherwise. */
  readonly reason: Reason | ''
  readonly detail: string
  readonly initiator: Initiator
}

/** What each side is told when the other, the key, vanished (trap 10). */
export const GONE = { client: { code: 1001, text: '' }, upstream: { code: 1014, text: 'Bad gateway' } } as const

/** Our reason for a breach of RFC 6455, by its close code. */
export const REASON_OF_CODE = { 1002: 'protocol_error', 1007: 'message_invalid', 1009: 'message_too_big' } as const

export const other = (side: Peer): Peer => (side === 'client' ? 'upstream' : 'client')

/** A side left without a Close. @param isCut we had cut it off before */
export const lost = (side: Peer, isCut: boolean): End => ({
  code: side === 'upstream' && !isCut ? GONE.upstream.code : 1006,
  reason: '',
  detail: 'no Close before the end',
  initiator: side,
})

/** The backend broke the protocol. */
export const brokenBy = (detail: string): End => ({
  code: GONE.upstream.code,
  reason: 'protocol_error',
  detail: `upstream: ${detail}`,
  initiator: 'upstream',
})

/** Nobody said why. */
export const UNKNOWN: End = { code: 1006, reason: '', detail: '', initiator: 'proxy' }
