/** Runs the handshake checks in order and decides. The only place that makes a {@link Permit}. */
import type { Step, StepMode } from './check.ts'
import { type Connection, withoutHandshake } from './connection.ts'
import { broken, type Finding, weigh } from './finding.ts'
import type { Policy, RoutePolicy } from './policy.ts'
import type { Newcomer, Occupant, Seat } from './seat.ts'
import { type Pass, refuse, type Verdict } from './verdict.ts'

/** One check's entry in the record of a judgement; without a verdict it was skipped. */
export interface Trace {
  readonly check: string
  readonly mode: StepMode
  readonly verdict?: Verdict
}

interface Judged<Upstreams> {
  /** With everything the checks learned. */
  readonly connection: Connection
  readonly route: RoutePolicy<Upstreams>
  /** Would-be refusals, and the one that counted, in order. */
  readonly findings: readonly Finding[]
  /** What candidate limits would refuse: nothing follows from it. */
  readonly candidates: readonly Finding[]
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
  #connection: Connection
  readonly route: RoutePolicy<Upstreams>
  readonly #taken: Taken[]

  constructor(connection: Connection, route: RoutePolicy<Upstreams>, taken: Taken[]) {
    this.#connection = connection
    this.route = route
    // A copy has no room to grow, and it is kept for as long as the connection.
    this.#taken = [...taken]
  }

  get connection(): Connection {
    return this.#connection
  }

  /** The handshake is over: what only it needed, 16 KiB of the client's choice, is not held as long as the connection. */
  shed(): void {
    this.#connection = withoutHandshake(this.#connection)
  }

  /**
   * The connection is open: it takes the place of an older one where its seats are full.
   * @param tell told when a newer one takes its own; only a finding that counts ends it
   */
  opened(tell: (finding: Finding) => void): void {
    const occupant: Occupant = { replaced: (by) => tell(this.#yield(by)) }
    // Those of its route before those of all routes: who leaves one leaves both.
    for (const { check, mode, seat } of this.#taken.toReversed()) {
      for (const older of seat?.open(occupant, { check, mode }) ?? []) older.replaced({ check, mode })
    }
  }

  /** From here on it counts no longer where the newer one took its place, however long it takes to close. */
  #yield(by: Newcomer): Finding {
    const finding = weigh(by, refuse('session_replaced', 'the same user opened a newer connection'))
    if (finding.counted) for (const { seat } of this.#taken) seat?.leave()
    // Nothing ends it in a dry run, as if it were not there: it counts into nothing that is in dry run too.
    else giveBack(this.#withdraw(by.mode))
    return finding
  }

  /** What steps of a mode took: no longer this permit's to give back. */
  #withdraw(mode: StepMode): Taken[] {
    const withdrawn = this.#taken.filter((one) => one.mode === mode)
    this.#taken.splice(0, this.#taken.length, ...this.#taken.filter((one) => one.mode !== mode))
    return withdrawn
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
  const { findings, candidates, trace } = trial
  const judged = { connection: trial.connection, route, findings, candidates, trace }
  if (refusal) {
    giveBack(trial.taken)
    return { ...judged, granted: false, refusal }
  }
  const isClean = trial.findings.length === 0
  // Whoever dry run spared counts into nothing that is in dry run too: the report equals enforcement.
  giveBack(trial.taken.filter(({ mode }) => !isClean && mode !== 'enforce'))
  const kept = trial.taken.filter(({ mode }) => isClean || mode === 'enforce')
  return { ...judged, granted: true, permit: new GrantedPermit(trial.connection, route, kept) }
}

const settled = (verdict: Promise<Verdict>): Promise<Verdict> => verdict.catch(broken)

/** What a check took, to be given back once. */
interface Taken {
  readonly check: string
  readonly mode: StepMode
  readonly release: () => void
  readonly seat: Seat | undefined
}

/** Last taken, first given back. */
function giveBack(taken: readonly Taken[]): void {
  for (const { release } of taken.toReversed()) release()
}

/** The state of one judgement. */
class Trial {
  connection: Connection
  readonly findings: Finding[] = []
  readonly candidates: Finding[] = []
  readonly trace: Trace[] = []
  readonly taken: Taken[] = []

  constructor(connection: Connection) {
    this.connection = connection
  }

  /** Runs steps until one refuses and counts; returns that finding. */
  async run(steps: readonly Step[]): Promise<Finding | undefined> {
    for (const step of steps) {
      if (!this.#isJudgeable(step)) this.#skip(step)
      else {
        const verdict = this.#judge(step)
        // Most checks know at once; only what is asked of others is waited for.
        const finding = this.#conclude(step, verdict instanceof Promise ? await settled(verdict) : verdict)
        if (finding?.counted) return finding
      }
    }
    return undefined
  }

  #isJudgeable(step: Step): boolean {
    return step.needs.every((fact) => this.connection[fact] !== undefined)
  }

  #skip(step: Step): void {
    this.trace.push({ check: step.check, mode: step.mode })
  }

  #judge(step: Step): Verdict | Promise<Verdict> {
    try {
      return step.judge(this.connection)
    } catch (error) {
      return broken(error)
    }
  }

  #conclude(step: Step, verdict: Verdict): Finding | undefined {
    this.trace.push({ check: step.check, mode: step.mode, verdict })
    this.#learn(verdict)
    if (verdict.ok) return this.#keep(step, verdict)
    const finding = weigh(step, verdict)
    const kept = finding.action === 'candidate' ? this.candidates : this.findings
    kept.push(finding)
    return finding
  }

  #keep({ check, mode }: Step, { release, seat, undo }: Pass): undefined {
    if (release) this.taken.push({ check, mode, release, seat })
    // Enforced, the earlier refusal would have kept this connection from being counted here.
    if (undo && mode !== 'enforce' && this.findings.length > 0) undo()
  }

  #learn(verdict: Verdict): void {
    if (verdict.learned) this.connection = { ...this.connection, ...verdict.learned }
  }
}
