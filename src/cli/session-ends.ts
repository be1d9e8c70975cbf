/** What will end an admitted connection, if neither side does. */
import type { Answers } from '../policy/answers.ts'
import type { StepMode } from '../policy/check.ts'
import type { Connection } from '../policy/connection.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import type { Reason } from '../policy/reasons.ts'
import { STANDSTILL_MS } from '../proxy/slow-consumer.ts'
import { formatDuration } from '../settings/duration.ts'

export interface SessionEnd {
  readonly check: string
  readonly mode: StepMode
  readonly reason: Reason
  /** When. */
  readonly detail: string
  readonly code: number
}

type Cause = Omit<SessionEnd, 'code'>

/** In no order: the first that comes is the one. */
export function sessionEnds(route: RoutePolicy, connection: Connection, answers: Answers): SessionEnd[] {
  const causes = [...ofToken(route, connection), ...ofSession(route), ...ofServices(route), standstill(route)]
  return causes.map((cause) => ({ ...cause, code: answers[cause.reason].code }))
}

function ofToken({ tokenMode: mode, standing = [] }: RoutePolicy, { expiresAt, claims }: Connection): Cause[] {
  const end = expiresAt === undefined ? undefined : new Date(expiresAt)
  // A date that no calendar has is none that comes.
  const isDate = end !== undefined && !Number.isNaN(end.getTime())
  const expiry = { check: 'token', mode, reason: 'token_expired', detail: `at ${isDate && end.toISOString()}` } as const
  const revoked = standing.map((step) => ({ ...step, reason: 'token_revoked', detail: 'when it is revoked' }) as const)
  return [
    ...(isDate ? [expiry] : []),
    ...(claims ? revoked.map(({ check, mode, reason, detail }) => ({ check, mode, reason, detail })) : []),
  ]
}

function ofSession({ session: { mode, idle, maxAge, maxAgeJitter = 0, ping, pong } }: RoutePolicy): Cause[] {
  const cause = (reason: Reason, detail: string): Cause => ({ check: 'session', mode, reason, detail })
  const early = maxAgeJitter > 0 ? `, or up to ${formatDuration(maxAgeJitter)} before` : ''
  return [
    ...(idle === undefined ? [] : [cause('session_idle', `no message for ${formatDuration(idle)}`)]),
    ...(maxAge === undefined ? [] : [cause('session_max_age', `${formatDuration(maxAge)} after it opened${early}`)]),
    ...(pong === undefined || ping === undefined
      ? []
      : [
          cause(
            'pong_timeout',
            `not a byte for ${formatDuration(pong)} from a client pinged every ${formatDuration(ping)}`,
          ),
        ]),
  ]
}

const ofServices = ({ steps }: RoutePolicy): Cause[] =>
  steps.flatMap(({ check, mode, recheckMs }) => {
    if (recheckMs === undefined) return []
    const detail = `refused when it is asked again, every ${formatDuration(recheckMs)} or so`
    return [{ check, mode, reason: 'access_denied' as const, detail }]
  })

/** The shorter of what is set and what always holds. */
function standstill({ session: { mode, slowConsumer } }: RoutePolicy): Cause {
  const { timeout, buffer } = slowConsumer ?? {}
  const over = buffer === undefined ? '' : `, or more than ${buffer} bytes wait for it`
  const isSet = timeout !== undefined && mode === 'enforce'
  return {
    check: 'session',
    mode: 'enforce',
    reason: 'slow_consumer',
    detail: `a side takes nothing for ${formatDuration(isSet ? timeout : STANDSTILL_MS)}${mode === 'enforce' ? over : ''}`,
  }
}

/** `session (dry-run): session_idle, close 1001: no message for 5m` */
export function formatEnd({ check, mode, reason, code, detail }: SessionEnd): string {
  return `  ${check}${mode === 'enforce' ? '' : ` (${mode})`}: ${reason}, close ${code}: ${detail}`
}
