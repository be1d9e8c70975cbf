/** One judgement: steps are run in order, and what they learn, find and take is kept. */
import type { Step, StepMode } from './check.ts'
import type { Connection } from './connection.ts'
import { broken, type Finding, weigh } from './finding.ts'
import type { Seat } from './seat.ts'
import { andThen, type Soon } from './soon.ts'
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

  /** Runs steps, of which the first is at `from`, until one refuses and counts; returns that finding. */
  run(steps: readonly Step[], from = 0): Soon<Finding | undefined> {
    for (let index = from; index < steps.length; index++) {
      // The loop's bound.
      const step = steps[index] as Step
      if (!this.#isJudgeable(step)) this.#skip(step)
      else {
        const verdict = this.#judge(step)
        if (verdict instanceof Promise) return this.#await(verdict, steps, index)
        const finding = this.#conclude(step, verdict)
        if (finding) return finding
      }
    }
    return undefined
  }

  /** Goes on with the verdict of the step at `index` when it is there. */
  async #await(verdict: Promise<Verdict>, steps: readonly Step[], index: number): Promise<Finding | undefined> {
    const settled = await verdict.catch(broken)
    return this.#conclude(steps[index] as Step, settled) ?? this.run(steps, index + 1)
  }

  /** The same of what a client said in a message, which is forgotten then. */
  runOn({ value, at }: Heard, steps: readonly Step[]): Soon<Finding | undefined> {
    const before = this.connection.at
    this.connection = { ...this.connection, message: value, at }
    return andThen(this.run(steps), (finding) => {
      const { message: _, ...connection } = this.connection
      this.connection = { ...connection, at: before }
      return finding
    })
  }

  /** A refusal that no step came to; returns its finding where it counts. */
  refuse(step: Pick<Step, 'check' | 'mode'>, refusal: Refusal): Finding | undefined {
    return this.#conclude(step, refusal)
  }

  #isJudgeable({ needs }: Step): boolean {
    return needs.length === 0 || needs.every((fact) => this.connection[fact] !== undefined)
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

  /** The finding of a verdict that refuses, where it counts. */
  #conclude(step: Pick<Step, 'check' | 'mode'>, verdict: Verdict): Finding | undefined {
    this.trace.push({ check: step.check, mode: step.mode, verdict })
    this.#learn(verdict)
    if (verdict.ok) return this.#keep(step, verdict)
    const finding = weigh(step, verdict)
    const kept = finding.action === 'candidate' ? this.candidates : this.findings
    kept.push(finding)
    return finding.counted ? finding : undefined
  }

  #keep({ check, mode }: Pick<Step, 'check' | 'mode'>, { release, seat, undo }: Pass): undefined {
    if (release) this.taken.push({ check, mode, release, seat })
    // Enforced, the earlier refusal would have kept this connection from being counted here.
    if (undo && mode !== 'enforce' && this.findings.length > 0) undo()
  }

  /** Into a copy: a check may still hold what it was given. A spread of two would be a dictionary to V8. */
  #learn({ learned }: Verdict): void {
    if (learned) this.connection = Object.assign({ ...this.connection }, learned)
  }
}
