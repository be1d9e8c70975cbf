/**
 * Whether an open connection may stay: judged again when something was revoked, and asked again of a service from time to
 * time. What cannot be judged ends nothing.
 */
import type { Holder } from '../policy/admit.ts'
import type { StandingStep, Step } from '../policy/check.ts'
import type { Connection } from '../policy/connection.ts'
import { broken, weigh } from '../policy/finding.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import type { Refusal, Verdict } from '../policy/verdict.ts'
import type { SessionContext } from './session-context.ts'
import type { Deadline } from './wheel.ts'

/** What is known of it now. */
interface Known {
  readonly connection: Connection
}

type Context = Pick<SessionContext, 'wheel' | 'clock' | 'now'>

type Route = Pick<RoutePolicy, 'steps' | 'standing'>

/** A step that is asked again, and when that is due. */
interface Recheck {
  readonly step: Step
  readonly everyMs: number
  at: number
  deadline?: Deadline
}

/** Those that opened together are asked apart: so much of the interval earlier or later. */
const SPREAD = 0.25

export class Rights {
  /** Whose facts may change: a newer token has other claims. */
  readonly #known: Known
  readonly #holder: Holder
  readonly #context: Context
  #standing: readonly StandingStep[] = NONE
  #rechecks: readonly Recheck[] = NONE
  /** What a dry run has reported. */
  #told: Set<string> | undefined
  #isOver = false

  constructor(route: Route, known: Known, holder: Holder, context: Context) {
    this.#known = known
    this.#holder = holder
    this.#context = context
    this.adopt(route)
  }

  /** Takes its route as a reload has made it. What was due stays due: reloads that come often put nothing off. */
  adopt({ steps, standing = NONE }: Route): void {
    const before = this.#rechecks
    this.#cancel()
    this.#standing = standing
    const asked = this.#askable(steps).flatMap((step) =>
      step.recheckMs === undefined ? [] : [{ step, everyMs: step.recheckMs }],
    )
    const again = ({ everyMs }: Pick<Recheck, 'everyMs'>, index: number) =>
      Math.min(before[index]?.at ?? NEVER, this.#next(everyMs))
    this.#rechecks = asked.length === 0 ? NONE : asked.map((one, index) => ({ ...one, at: again(one, index) }))
    for (const one of this.#rechecks) this.#arm(one)
  }

  /**
   * None, where a reload brought the question after what it is made of was let go: asked about a client without its
   * query, token and cookies, a service would refuse every connection there is.
   */
  #askable(steps: readonly Step[]): readonly Step[] {
    return this.#known.connection.shed ? [] : steps
  }

  /** Judges what needs no asking. */
  judge(): void {
    for (const step of this.#standing) {
      const verdict = attempted(() => step.judge(this.#known.connection, this.#context.now()))
      this.#tell(step, verdict)
    }
  }

  /** The session is over. */
  stop(): void {
    this.#isOver = true
    this.#cancel()
  }

  #cancel(): void {
    for (const { deadline } of this.#rechecks) deadline?.cancel()
  }

  #arm(one: Recheck): void {
    if (this.#isOver) return
    one.deadline = this.#context.wheel.at(one.at, () => void this.#ask(one))
  }

  /** Never rejects. */
  async #ask(one: Recheck): Promise<void> {
    const { step, everyMs } = one
    const { connection } = this.#known
    one.at = this.#next(everyMs)
    if (step.needs.every((fact) => connection[fact] !== undefined)) {
      const verdict = await attemptedLater(() => step.judge(connection))
      // It ended meanwhile, or a reload has other questions.
      if (this.#isOver || !this.#rechecks.includes(one)) return
      this.#tell(step, verdict)
    }
    this.#arm(one)
  }

  #tell({ check, mode }: Pick<Step, 'check' | 'mode'>, verdict: Verdict): void {
    if (verdict.ok || isUnjudged(verdict)) return
    const finding = weigh({ check, mode }, verdict)
    const key = `${check} ${finding.reason}`
    // A dry run reports it once, as if it had ended by that.
    if (!finding.counted && this.#told?.has(key)) return
    this.#told ??= new Set()
    this.#told.add(key)
    this.#holder.conclude(finding)
  }

  #next(everyMs: number): number {
    return this.#context.clock() + everyMs * (1 - SPREAD + 2 * SPREAD * Math.random())
  }
}

const NEVER = Number.POSITIVE_INFINITY

/** Most sessions have none of either: one empty list for all of them. */
const NONE: readonly never[] = []

const isUnjudged = ({ reason }: Refusal) => reason === 'internal_error'

function attempted(judge: () => Verdict): Verdict {
  try {
    return judge()
  } catch (error) {
    return broken(error)
  }
}

async function attemptedLater(judge: () => Verdict | Promise<Verdict>): Promise<Verdict> {
  try {
    return await judge()
  } catch (error) {
    return broken(error)
  }
}
