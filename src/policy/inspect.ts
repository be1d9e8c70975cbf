/** Judges the frames of one session: the compiled frame checks, in order, no await, no allocation while all is well. */
import type { FrameCheck, FrameStep } from './check.ts'
import type { Connection } from './connection.ts'
import { broken, type Finding, weigh } from './finding.ts'
import type { Frame } from './frame.ts'
import type { Verdict } from './verdict.ts'

/** Told of every refusal, enforced or not; the session counts them. */
export type OnFinding = (finding: Finding) => void

export class FrameInspector {
  #steps: readonly FrameStep[] = []
  #checks: FrameCheck[] = []
  readonly #connection: Connection
  readonly #onFinding: OnFinding

  constructor(connection: Connection, steps: readonly FrameStep[], onFinding: OnFinding) {
    this.#connection = connection
    this.#onFinding = onFinding
    this.adopt(steps)
  }

  /** Takes the steps of a reloaded policy; a check whose settings did not change keeps its state. */
  adopt(steps: readonly FrameStep[]): void {
    const before = new Map(this.#steps.map((step, index) => [step.id, this.#checks[index]]))
    this.#checks = steps.map((step) => before.get(step.id) ?? step.begin(this.#connection))
    this.#steps = steps
  }

  /** The first refusal that counts, or undefined: the frame may pass. Would-be refusals are reported and pass. */
  judge(frame: Frame): Finding | undefined {
    const checks = this.#checks
    for (let index = 0; index < checks.length; index++) {
      const verdict = this.#run(index, frame)
      if (verdict.ok) continue
      // The two arrays are parallel, so a check has a step.
      const finding = weigh(this.#steps[index] as FrameStep, verdict)
      this.#onFinding(finding)
      if (finding.counted) return finding
    }
    return undefined
  }

  #run(index: number, frame: Frame): Verdict {
    try {
      return (this.#checks[index] as FrameCheck)(frame)
    } catch (error) {
      return broken(error)
    }
  }
}
