/**
 * How long a session goes on by itself. While frames pass nothing is done for that but to store a number; one place in
 * the shared wheel is where the next look is due (trap 8), and what it finds is `dues.ts`.
 */
import { type Finding, weigh } from '../policy/finding.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import type { Reason } from '../policy/reasons.ts'
import { refuse } from '../policy/verdict.ts'
import type { Direction } from './direction.ts'
import { type Due, duesOf } from './dues.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { SessionContext } from './session-context.ts'
import { SlowConsumer, STANDSTILL_MS, type Standing } from './slow-consumer.ts'
import type { Deadline } from './wheel.ts'
import type { Wire } from './wire.ts'

/** What a session gives its life. Times in ms, monotonic unless it says otherwise. */
interface Living {
  readonly context: Pick<SessionContext, 'clock' | 'now'>
  /** Runs something at a time. */
  readonly later: (time: number, run: () => void) => Deadline
  readonly up: Direction
  readonly down: Direction
  readonly client: Pick<Wire, 'queued'>
  readonly upstream: Pick<Wire, 'queued'>
  readonly heartbeat: Heartbeat
  /** When its token ends, since the epoch. */
  readonly expiresAt: number | undefined
  /** From 0 to 1, another for each session: what would come to many at once is spread by it (trap 33). */
  readonly spread: number
  /** Told of an end that has come. Where it counts, `stop` follows at once. */
  readonly conclude: (finding: Finding) => void
}

type Route = Pick<RoutePolicy, 'session' | 'tokenMode'>

const NEVER = Number.POSITIVE_INFINITY

/** How often is looked within the time a receiver may take nothing: it ends up to this part of it late. */
const LOOKS = 4

/**
 * A look so much later than it was due tells nothing of silence: while the process stood still (it was suspended, or its
 * machine moved) it read nothing either. What has come meanwhile is read before the next look.
 */
const LATE_MS = 1000

export class Life {
  readonly #living: Living
  readonly #opened: number
  #route: Route
  /** When its token ends, since the epoch. */
  #expiresAt: number | undefined
  /** When its age is over. */
  #ageAt: number
  /** When the next ping is due. */
  #pingAt: number
  /** Since when pings are sent as they are now: silence before that is none. */
  #pingedSince: number
  /** The receivers, once one of them was slow. */
  #slow: { readonly client: SlowConsumer; readonly upstream: SlowConsumer } | undefined
  /** What a dry run has reported. */
  #told: Set<Reason> | undefined
  #next: Deadline | undefined
  #nextAt = NEVER
  /** The last look came late. */
  #isLate = false
  #isOver = false

  constructor(route: Route, living: Living) {
    this.#living = living
    this.#route = route
    this.#expiresAt = living.expiresAt
    this.#opened = living.context.clock()
    this.#pingedSince = this.#opened
    this.#ageAt = this.#endOfAge(this.#opened)
    this.#pingAt = this.#firstPing(this.#opened)
    this.#lookWhenDue(this.#dues(this.#opened))
  }

  /** Takes its route as a reload has made it. */
  adopt(route: Route): void {
    const before = this.#route.session
    const { maxAge, maxAgeJitter, ping, pong, mode } = route.session
    const now = this.#living.context.clock()
    this.#route = route
    if (before.maxAge !== maxAge || before.maxAgeJitter !== maxAgeJitter) this.#ageAt = this.#endOfAge(now)
    if (before.ping !== ping || before.pong !== pong || before.mode !== mode) {
      this.#pingAt = this.#firstPing(now)
      this.#pingedSince = now
    }
    this.#lookWhenDue(this.#dues(now))
  }

  /** It has a newer token. In a dry run its end is told of again. */
  renew(expiresAt: number | undefined): void {
    this.#expiresAt = expiresAt
    this.#told?.delete('token_expired')
    this.#lookWhenDue(this.#dues(this.#living.context.clock()))
  }

  /** A receiver does not take what is sent. The session does not end within this call. */
  stalled(receiver: 'client' | 'upstream'): void {
    const now = this.#living.context.clock()
    const { buffer = NEVER } = this.#route.session.slowConsumer ?? {}
    this.#slow ??= { client: new SlowConsumer('the client'), upstream: new SlowConsumer('the backend') }
    this.#lookAt(this.#living[receiver].queued() > buffer ? now : now + this.#step())
  }

  /** The session ends, whatever for. */
  stop(): void {
    this.#isOver = true
    this.#next?.cancel()
  }

  /** Looks at a time, if not before. */
  #lookAt(time: number): void {
    if (this.#isOver || time >= this.#nextAt) return
    const { later, context } = this.#living
    this.#next?.cancel()
    // What a reload makes overdue is not late.
    this.#nextAt = Math.max(time, context.clock())
    this.#next = later(this.#nextAt, () => this.#look())
  }

  #lookWhenDue(dues: readonly Due[]): void {
    const times = dues.filter((due) => this.#isAhead(due)).map(({ at }) => at)
    const { up, down, context } = this.#living
    const isSlow = up.flow.isFull || down.flow.isFull
    this.#lookAt(Math.min(...times, this.#pingAt, isSlow ? context.clock() + this.#step() : NEVER))
  }

  #look(): void {
    const now = this.#living.context.clock()
    this.#isLate = now - this.#nextAt > LATE_MS && !this.#isLate
    this.#nextAt = NEVER
    const dues = this.#dues(now)
    for (const due of dues) {
      if (due.at <= now && this.#isAhead(due) && !(this.#isLate && due.isSilence)) this.#conclude(due)
      if (this.#isOver) return
    }
    if (this.#pingAt <= now) this.#ping(now)
    if (this.#isLate) this.#lookAt(now + LATE_MS)
    else this.#lookWhenDue(dues)
  }

  #dues(now: number): Due[] {
    const { context, up, down } = this.#living
    const expiresAt = this.#expiresAt
    return duesOf({
      now,
      opened: this.#opened,
      route: this.#route,
      up,
      down,
      // A date, which may be set while we run.
      tokenAt: expiresAt === undefined ? undefined : context.clock() + expiresAt - context.now(),
      ageAt: this.#ageAt,
      pingedSince: this.#pingAt === NEVER ? undefined : this.#pingedSince,
      standing: this.#standing(now),
    })
  }

  #standing(now: number): Standing[] {
    const { up, down, client, upstream } = this.#living
    const slow = this.#slow
    if (!slow) return []
    const both = [
      slow.client.look(down.flow, client.queued(), now),
      slow.upstream.look(up.flow, upstream.queued(), now),
    ]
    return both.filter((one) => one !== undefined)
  }

  /** A dry run reports an end once, and goes on. */
  #isAhead({ mode, reason }: Due): boolean {
    return mode === 'enforce' || !this.#told?.has(reason)
  }

  #conclude({ check, mode, reason, detail }: Due): void {
    this.#living.conclude(weigh({ check, mode }, refuse(reason, detail)))
    if (mode === 'enforce') return
    this.#told ??= new Set()
    this.#told.add(reason)
  }

  #ping(now: number): void {
    const { down, heartbeat } = this.#living
    this.#pingAt = now + (this.#route.session.ping ?? NEVER)
    if (!down.flow.isFull) down.out.insert(heartbeat.ping())
  }

  /** Spread over the first interval: a reload may turn them on for all at once. A dry run sends none: the client would see them. */
  #firstPing(now: number): number {
    const { ping, mode } = this.#route.session
    return ping === undefined || mode !== 'enforce' ? NEVER : now + ping * this.#living.spread
  }

  /** Up to the jitter early. Those that a reload makes too old end spread over the jitter, too (trap 33). */
  #endOfAge(now: number): number {
    const { maxAge, maxAgeJitter = 0 } = this.#route.session
    if (maxAge === undefined) return NEVER
    const early = maxAgeJitter * this.#living.spread
    const at = this.#opened + maxAge - early
    return at > now ? at : now + early
  }

  /** How long to the next look at a receiver that does not take what is sent. */
  #step(): number {
    const { timeout = STANDSTILL_MS } = this.#route.session.slowConsumer ?? {}
    return Math.min(timeout, STANDSTILL_MS) / LOOKS
  }
}
