/**
 * How long a session goes on by itself. While frames pass nothing is done for that but to store a number; one place in
 * the shared wheel is where the next look is due (trap 8), and what it finds is `dues.ts`.
 */
import type { Peer } from '../frames/frame.ts'
import type { Permit } from '../policy/admit.ts'
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

/** Whose life it is. */
interface Living {
  /** Told of an end that has come. Where it counts, `stop` follows at once. */
  conclude(finding: Finding): void
  /** Bytes that wait for a side. */
  queued(side: Peer): number
  /** Calls {@link Life.look} at a time. */
  lookAt(time: number): Deadline
}

/** What a life looks at. */
interface Parts {
  readonly context: Pick<SessionContext, 'clock' | 'now'>
  readonly up: Direction
  readonly down: Direction
  readonly heartbeat: Heartbeat
  /** Whose token may become a newer one. */
  readonly permit: Pick<Permit, 'connection'>
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

/** Times are whole ms of the monotonic clock, and undefined where there is none: V8 keeps any other number in an object of its own. */
export class Life {
  readonly #living: Living
  readonly #context: Parts['context']
  readonly #up: Direction
  readonly #down: Direction
  readonly #heartbeat: Heartbeat
  readonly #permit: Parts['permit']
  readonly #opened: number
  #route: Route
  /** When its age is over. */
  #ageAt: number | undefined
  /** When the next ping is due. */
  #pingAt: number | undefined
  /** Since when pings are sent as they are now: silence before that is none. */
  #pingedSince: number
  /** The receivers, once one of them was slow. */
  #slow: { readonly client: SlowConsumer; readonly upstream: SlowConsumer } | undefined
  /** What a dry run has reported. */
  #told: Set<Reason> | undefined
  #next: Deadline | undefined
  #nextAt: number | undefined
  /** The last look came late. */
  #isLate = false
  #isOver = false

  constructor(route: Route, living: Living, { context, up, down, heartbeat, permit }: Parts) {
    this.#living = living
    this.#route = route
    this.#context = context
    this.#up = up
    this.#down = down
    this.#heartbeat = heartbeat
    this.#permit = permit
    this.#opened = this.#now
    this.#pingedSince = this.#opened
    this.#ageAt = this.#endOfAge(this.#opened)
    this.#pingAt = this.#firstPing(this.#opened)
    this.#lookWhenDue(this.#dues(this.#opened))
  }

  /** Takes its route as a reload has made it. */
  adopt(route: Route): void {
    const before = this.#route.session
    const { maxAge, maxAgeJitter, ping, pong, mode } = route.session
    const now = this.#now
    this.#route = route
    if (before.maxAge !== maxAge || before.maxAgeJitter !== maxAgeJitter) this.#ageAt = this.#endOfAge(now)
    if (before.ping !== ping || before.pong !== pong || before.mode !== mode) {
      this.#pingAt = this.#firstPing(now)
      this.#pingedSince = now
    }
    this.#lookWhenDue(this.#dues(now))
  }

  /** It has a newer token. In a dry run its end is told of again. */
  renew(): void {
    this.#told?.delete('token_expired')
    this.#lookWhenDue(this.#dues(this.#now))
  }

  /** A receiver does not take what is sent. The session does not end within this call. */
  stalled(receiver: Peer): void {
    const now = this.#now
    const { buffer = NEVER } = this.#route.session.slowConsumer ?? {}
    this.#slow ??= { client: new SlowConsumer('the client'), upstream: new SlowConsumer('the backend') }
    this.#lookAt(this.#living.queued(receiver) > buffer ? now : now + this.#step())
  }

  /** The session ends, whatever for. */
  stop(): void {
    this.#isOver = true
    this.#next?.cancel()
  }

  /** Looks at a time, if not before. */
  #lookAt(time: number): void {
    if (this.#isOver || time >= (this.#nextAt ?? NEVER)) return
    this.#next?.cancel()
    // What a reload makes overdue is not late.
    this.#nextAt = Math.ceil(Math.max(time, this.#now))
    this.#next = this.#living.lookAt(this.#nextAt)
  }

  #lookWhenDue(dues: readonly Due[]): void {
    const times = dues.filter((due) => this.#isAhead(due)).map(({ at }) => at)
    const isSlow = this.#up.flow.isFull || this.#down.flow.isFull
    this.#lookAt(Math.min(...times, this.#pingAt ?? NEVER, isSlow ? this.#now + this.#step() : NEVER))
  }

  /** What is due has come, or may have. */
  look(): void {
    const now = this.#context.clock()
    this.#isLate = now - (this.#nextAt ?? now) > LATE_MS && !this.#isLate
    this.#nextAt = undefined
    const dues = this.#dues(now)
    for (const due of dues) {
      if (due.at <= now && this.#isAhead(due) && !(this.#isLate && due.isSilence)) this.#conclude(due)
      if (this.#isOver) return
    }
    if (this.#pingAt !== undefined && this.#pingAt <= now) this.#ping(now)
    if (this.#isLate) this.#lookAt(now + LATE_MS)
    else this.#lookWhenDue(dues)
  }

  #dues(now: number): Due[] {
    const context = this.#context
    const { expiresAt } = this.#permit.connection
    return duesOf({
      now,
      opened: this.#opened,
      route: this.#route,
      up: this.#up,
      down: this.#down,
      // A date, which may be set while we run.
      tokenAt: expiresAt === undefined ? undefined : context.clock() + expiresAt - context.now(),
      ageAt: this.#ageAt ?? NEVER,
      pingedSince: this.#pingAt === undefined ? undefined : this.#pingedSince,
      standing: this.#standing(now),
    })
  }

  #standing(now: number): Standing[] {
    const slow = this.#slow
    const living = this.#living
    if (!slow) return []
    const both = [
      slow.client.look(this.#down.flow, living.queued('client'), now),
      slow.upstream.look(this.#up.flow, living.queued('upstream'), now),
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
    const { ping } = this.#route.session
    this.#pingAt = ping === undefined ? undefined : Math.floor(now + ping)
    if (!this.#down.flow.isFull) this.#down.out.insert(this.#heartbeat.ping())
  }

  /** Spread over the first interval: a reload may turn them on for all at once. A dry run sends none: the client would see them. */
  #firstPing(now: number): number | undefined {
    const { ping, mode } = this.#route.session
    return ping === undefined || mode !== 'enforce' ? undefined : Math.floor(now + ping * Math.random())
  }

  /** Up to the jitter early. Those that a reload makes too old end spread over the jitter, too (trap 33). */
  #endOfAge(now: number): number | undefined {
    const { maxAge, maxAgeJitter = 0 } = this.#route.session
    if (maxAge === undefined) return undefined
    const early = Math.floor(maxAgeJitter * Math.random())
    const at = this.#opened + maxAge - early
    return at > now ? at : now + early
  }

  get #now(): number {
    return Math.floor(this.#context.clock())
  }

  /** How long to the next look at a receiver that does not take what is sent. */
  #step(): number {
    const { timeout = STANDSTILL_MS } = this.#route.session.slowConsumer ?? {}
    return Math.min(timeout, STANDSTILL_MS) / LOOKS
  }
}
