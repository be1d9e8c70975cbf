/** Runs the handshake checks in order and decides. The only place that makes a {@link Permit}. */
import type { Mode, Step } from './check.ts'
import type { Connection } from './connection.ts'
import { broken, type Finding, weigh } from './finding.ts'
import type { Policy, RoutePolicy } from './policy.ts'
import type { Pass, Verdict } from './verdict.ts'

/** One check's entry in the record of a judgement; without a verdict it was skipped. */
export interface Trace {
  readonly check: string
  readonly mode: Mode
  readonly verdict?: Verdict
}

interface Judged<Upstreams> {
  /** With everything the checks learned. */
  readonly connection: Connection
  readonly route: RoutePolicy<Upstreams>
  /** Would-be refusals, and the one that counted, in order. */
  readonly findings: readonly Finding[]
  readonly trace: readonly Trace[]
}

export interface Granted<Upstreams> extends Judged<Upstreams> {
  readonly granted: true
  readonly permit: Permit<Upstreams>
}

interface Denied<Upstreams> extends Judged<Upstreams> {
  readonly granted: false
  readonly refusal: Finding
}

export type Admission<Upstreams = unknown> = Granted<Upstreams> | Denied<Upstreams>

/** The proof that a connection was judged and admitted. Only its type leaves this file, so nothing else can make one. */
class GrantedPermit<Upstreams> {
  readonly connection: Connection
  readonly route: RoutePolicy<Upstreams>
  readonly #taken: Taken[]

  constructor(connection: Connection, route: RoutePolicy<Upstreams>, taken: Taken[]) {
    this.connection = connection
    this.route = route
    this.#taken = taken
  }

  /** Gives back everything the checks took. Safe to call twice. */
  release(): void {
    giveBack(this.#taken.splice(0))
  }
}

export type Permit<Upstreams = unknown> = GrantedPermit<Upstreams>

/**
 * Judges a connection. The first refusal that counts decides and gives back what earlier checks took; would-be
 * refusals (dry run) are kept and the judgement goes on. Never rejects: a check that throws is `internal_error`.
 */
export async function admit<U>(connection: Connection, policy: Policy<U>): Promise<Admission<U>> {
  const trial = new Trial(connection)
  let refusal = await trial.run(policy.entry)
  const route = policy.routes.get(trial.connection.route ?? '') ?? policy.unmatched
  refusal ??= await trial.run(route.steps)
  const judged = { connection: trial.connection, route, findings: trial.findings, trace: trial.trace }
  if (refusal) {
    giveBack(trial.taken)
    return { ...judged, granted: false, refusal }
  }
  const isClean = trial.findings.length === 0
  // Whoever dry run spared counts into nothing that is in dry run too: the report equals enforcement.
  giveBack(trial.taken.filter(({ mode }) => !isClean && mode === 'dry-run'))
  const kept = trial.taken.filter(({ mode }) => isClean || mode === 'enforce')
  return { ...judged, granted: true, permit: new GrantedPermit(trial.connection, route, kept) }
}

/** What a check took, to be given back once. */
interface Taken {
  readonly mode: Mode
  readonly release: () => void
}

/** Last taken, first given back. */
function giveBack(taken: readonly Taken[]): void {
  for (const { release } of taken.toReversed()) release()
}

/** The state of one judgement. */
class Trial {
  connection: Connection
  readonly findings: Finding[] = []
  readonly trace: Trace[] = []
  readonly taken: Taken[] = []

  constructor(connection: Connection) {
    this.connection = connection
  }

  /** Runs steps until one refuses and counts; returns that finding. */
  async run(steps: readonly Step[]): Promise<Finding | undefined> {
    for (const step of steps) {
      const finding = this.#isJudgeable(step) ? this.#conclude(step, await this.#judge(step)) : this.#skip(step)
      if (finding?.counted) return finding
    }
    return undefined
  }

  #isJudgeable(step: Step): boolean {
    return step.needs.every((fact) => this.connection[fact] !== undefined)
  }

  #skip(step: Step): undefined {
    this.trace.push({ check: step.check, mode: step.mode })
  }

  async #judge(step: Step): Promise<Verdict> {
    try {
      return await step.judge(this.connection)
    } catch (error) {
      return broken(error)
    }
  }

  #conclude(step: Step, verdict: Verdict): Finding | undefined {
    this.trace.push({ check: step.check, mode: step.mode, verdict })
    this.#learn(verdict)
    if (verdict.ok) return this.#keep(step, verdict)
    const finding = weigh(step, verdict)
    this.findings.push(finding)
    return finding
  }

  #keep({ mode }: Step, { release }: Pass): undefined {
    if (release) this.taken.push({ mode, release })
  }

  #learn(verdict: Verdict): void {
    if (verdict.learned) this.connection = { ...this.connection, ...verdict.learned }
  }
}
