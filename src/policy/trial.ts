/** One judgement: steps are run in order, and what they learn, find and take is kept. */
import type { Step, StepMode } from './check.ts'
import type { Connection } from './connection.ts'
import { broken, type Finding, weigh } from './finding.ts'
import type { Seat } from './seat.ts'
import type { Pass, Refusal, Verdict } from './verdict.ts'

/** One check's entry in the record of a judgement; without a verdict it was skipped. */
export interface Trace {
  readonly check: string
  readonly mode: StepMode
  readonly verdict?: Verdict
}

/** What a check took, to be given back once. */
export interface Taken {
  readonly check: string
  readonly mode: StepMode
  readonly release: () => void
  readonly seat: Seat | undefined
}

/** Last taken, first given back. */
export function giveBack(taken: readonly Taken[]): void {
  for (const { release } of taken.toReversed()) release()
}

/** A message that a client sent, and when, ms since the epoch. */
export interface Heard {
  readonly value: unknown
  readonly at: number
}

/** The state of one judgement. */
export class Trial {
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

  /** The same of what a client said in a message, which is forgotten then. */
  async runOn({ value, at }: Heard, steps: readonly Step[]): Promise<Finding | undefined> {
    const before = this.connection.at
    this.connection = { ...this.connection, message: value, at }
    const finding = await this.run(steps)
    const { message: _, ...connection } = this.connection
    this.connection = { ...connection, at: before }
    return finding
  }

  /** A refusal that no step came to; returns its finding where it counts. */
  refuse(step: Pick<Step, 'check' | 'mode'>, refusal: Refusal): Finding | undefined {
    const finding = this.#conclude(step, refusal)
    return finding?.counted ? finding : undefined
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

  #conclude(step: Pick<Step, 'check' | 'mode'>, verdict: Verdict): Finding | undefined {
    this.trace.push({ check: step.check, mode: step.mode, verdict })
    this.#learn(verdict)
    if (verdict.ok) return this.#keep(step, verdict)
    const finding = weigh(step, verdict)
    const kept = finding.action === 'candidate' ? this.candidates : this.findings
    kept.push(finding)
    return finding
  }

  #keep({ check, mode }: Pick<Step, 'check' | 'mode'>, { release, seat, undo }: Pass): undefined {
    if (release) this.taken.push({ check, mode, release, seat })
    // Enforced, the earlier refusal would have kept this connection from being counted here.
    if (undo && mode !== 'enforce' && this.findings.length > 0) undo()
  }

  #learn(verdict: Verdict): void {
    if (verdict.learned) this.connection = { ...this.connection, ...verdict.learned }
  }
}

const settled = (verdict: Promise<Verdict>): Promise<Verdict> => verdict.catch(broken)
