/** What ends a session by itself, and when: its token, its age, silence, a side that takes nothing. */
import type { Mode } from '../policy/check.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import type { Reason } from '../policy/reasons.ts'
import type { Direction } from './direction.ts'
import { STANDSTILL_MS, type Standing } from './slow-consumer.ts'

/** An end that comes at a time in ms, monotonic, if nothing happens before. */
export interface Due {
  readonly at: number
  readonly check: 'session' | 'token'
  readonly mode: Mode
  readonly reason: Reason
  readonly detail: string
  /** It comes of something that has not been read or taken. */
  readonly isSilence: boolean
}

/** How a session stands. All times in ms, monotonic. */
interface Facts {
  readonly now: number
  readonly opened: number
  readonly route: Pick<RoutePolicy, 'session' | 'tokenMode'>
  readonly up: Pick<Direction, 'flow' | 'isPaused' | 'heardAt'>
  readonly down: Pick<Direction, 'flow' | 'isPaused'>
  /** When its token ends. */
  readonly tokenAt: number | undefined
  /** When its age is over. */
  readonly ageAt: number
  /** Since when the client is asked for pongs as it is now; undefined: it is not. */
  readonly pingedSince: number | undefined
  /** Receivers that do not take what is sent. */
  readonly standing: readonly Standing[]
}

/** Every end that may come, in the order in which the first that has come is the one. */
export const duesOf = (facts: Facts): Due[] => [
  ...token(facts),
  ...age(facts),
  ...idle(facts),
  ...pong(facts),
  ...facts.standing.flatMap((one) => slow(one, facts)),
]

function token({ tokenAt, route }: Facts): Due[] {
  if (tokenAt === undefined) return []
  const detail = 'the token of an open connection expired'
  return [{ at: tokenAt, check: 'token', mode: route.tokenMode, reason: 'token_expired', detail, isSilence: false }]
}

function age({ route, ageAt, opened }: Facts): Due[] {
  if (route.session.maxAge === undefined) return []
  return [due(route, 'session_max_age', ageAt, `open for ${seconds(ageAt - opened)}`)]
}

/** A session that waits for a slow side is not idle. */
function idle({ now, route, up, down }: Facts): Due[] {
  const { idle: bound } = route.session
  if (bound === undefined) return []
  const moved = Math.max(up.flow.dataAt, up.flow.resumedAt, down.flow.dataAt, down.flow.resumedAt)
  const last = up.isPaused || down.isPaused ? now : moved
  return [due(route, 'session_idle', last + bound, `no message for ${seconds(bound)}`)]
}

/** A client that we do not read, or that has other things to take before our ping, is not silent. */
function pong({ now, route, up, down, pingedSince }: Facts): Due[] {
  const { pong: bound } = route.session
  if (bound === undefined || pingedSince === undefined) return []
  const heard = Math.max(up.heardAt, up.flow.resumedAt, down.flow.resumedAt, pingedSince)
  const last = up.isPaused || down.isPaused ? now : heard
  return [due(route, 'pong_timeout', last + bound, `not a byte from the client for ${seconds(bound)}`)]
}

/** Whatever is set or in dry run: nobody takes nothing for ever. */
function slow({ who, queued, movedAt }: Standing, { now, route }: Facts): Due[] {
  const { mode, slowConsumer = {} } = route.session
  const { buffer, timeout } = slowConsumer
  const still = (ms: number) =>
    due(route, 'slow_consumer', movedAt + ms, `${who} took nothing for ${seconds(ms)}; ${queued} bytes wait`)
  const over = `${queued} bytes wait for ${who}`
  return [
    ...(buffer !== undefined && queued > buffer ? [due(route, 'slow_consumer', now, over)] : []),
    ...(timeout === undefined ? [] : [still(timeout)]),
    ...(timeout === undefined || mode !== 'enforce' ? [{ ...still(STANDSTILL_MS), mode: 'enforce' as const }] : []),
  ]
}

const due = ({ session: { mode } }: Facts['route'], reason: Reason, at: number, detail: string): Due => ({
  at,
  check: 'session',
  mode,
  reason,
  detail,
  isSilence: reason !== 'session_max_age',
})

const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`
