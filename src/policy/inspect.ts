/** Judges the frames of one session: the compiled frame checks, in order, no await, no allocation while all is well. */
import type { Exceeding, FrameCheck, FrameStep } from './check.ts'
import type { Connection } from './connection.ts'
import { broken, type Finding, weigh } from './finding.ts'
import { type Frame, isControl } from './frame.ts'
import type { Refusal, Verdict } from './verdict.ts'

/** Told of every refusal, enforced or not; the session counts them. */
export type OnFinding = (finding: Finding) => void

/** Which messages may vanish: a compressed one that others refer to may not, nor any where we cannot tell (trap 17). */
export type Droppable = 'every' | 'uncompressed' | 'none'

/** A frame that waits to be judged again. */
interface Delay {
  /** The id of the step that delayed it. */
  readonly by: string
  /** The ids of the steps that have judged it, and counted it. */
  readonly judged: ReadonlySet<string>
}

export class FrameInspector {
  /** The policy's, shared by all its sessions; a check for each is in the same place. */
  #steps: readonly FrameStep[] = []
  #checks: readonly FrameCheck[] = []
  /** How many messages a check has dropped, by the id of its step: most have dropped none. */
  #drops: Map<string, number> | undefined
  #delay: Delay | undefined
  readonly #connection: Connection
  readonly #onFinding: OnFinding
  readonly #droppable: Droppable

  constructor(
    connection: Connection,
    steps: readonly FrameStep[],
    onFinding: OnFinding,
    droppable: Droppable = 'every',
  ) {
    this.#connection = connection
    this.#onFinding = onFinding
    this.#droppable = droppable
    this.adopt(steps)
  }

  /** Takes the steps of a reloaded policy; a check that is the same keeps its state. */
  adopt(steps: readonly FrameStep[]): void {
    const before = new Map(this.#steps.map(({ id }, index) => [id, this.#checks[index]]))
    this.#checks = steps.map(({ id, begin }) => before.get(id) ?? begin(this.#connection))
    this.#steps = steps
    for (const id of this.#drops?.keys() ?? []) if (!steps.some((step) => step.id === id)) this.#drops?.delete(id)
  }

  /**
   * The first refusal that counts, or undefined: the frame may pass. Would-be refusals are reported and pass; they keep
   * the frame from what is in dry run after them, which would not have seen it. A frame that was delayed is the next to
   * be judged, by the step that delayed it and those after it.
   */
  judge(frame: Frame): Finding | undefined {
    const checks = this.#checks
    const steps = this.#steps
    const delay = this.#delay
    let isSpared = false
    for (let index = 0; index < checks.length; index++) {
      // The loop's bound, and a step for each.
      const check = checks[index] as FrameCheck
      const step = steps[index] as FrameStep
      if (isSpared && step.mode !== 'enforce') continue
      if (delay?.judged.has(step.id)) continue
      const verdict = judged(check, frame)
      if (verdict.ok) continue
      const finding = this.#conclude(step, frame, verdict)
      if (finding.counted) return finding
      isSpared ||= finding.action === 'none'
    }
    this.#delay = undefined
    return undefined
  }

  #conclude(step: FrameStep, frame: Frame, refusal: Refusal): Finding {
    const { check, mode, exceeding, id } = step
    const action = this.#actionOn(step, frame, refusal)
    const finding = weigh({ check, mode, action, notice: exceeding?.notice }, refusal)
    if ((finding.action === 'drop' || finding.action === 'error') && frame.first) this.#dropped(id)
    const isToldOf = finding.action === 'delay' && this.#delay?.by === id
    if (finding.counted) this.#delay = finding.action === 'delay' ? this.#delayOf(step) : undefined
    if (!isToldOf) this.#onFinding(finding)
    return finding
  }

  #dropped(id: string): void {
    this.#drops ??= new Map()
    this.#drops.set(id, (this.#drops.get(id) ?? 0) + 1)
  }

  #actionOn({ id, exceeding }: FrameStep, frame: Frame, refusal: Refusal): Exceeding['action'] {
    const { action, closeAfterDrops, maxDelay } = exceeding ?? CLOSING
    // A broken check is no rate: waiting does not mend it.
    if (action === 'close' || refusal.reason === 'internal_error') return 'close'
    const drops = this.#drops?.get(id) ?? 0
    if (action !== 'delay') return this.#mayDrop(frame) && drops < (closeAfterDrops ?? NEVER) ? action : 'close'
    return (refusal.retryAt ?? NEVER) <= frame.arrived + maxDelay ? 'delay' : 'close'
  }

  /** Of a message whose beginning is out, the rest cannot vanish. */
  #mayDrop(frame: Frame): boolean {
    if (isControl(frame)) return true
    return frame.first && (this.#droppable === 'every' || (this.#droppable === 'uncompressed' && !frame.compressed))
  }

  #delayOf({ id }: FrameStep): Delay {
    const ids = this.#steps.map((step) => step.id)
    const judgedNow = ids.slice(0, ids.indexOf(id))
    return { by: id, judged: new Set([...(this.#delay?.judged ?? []), ...judgedNow]) }
  }
}

const CLOSING: Exceeding = { action: 'close', maxDelay: 0 }
const NEVER = Number.POSITIVE_INFINITY

function judged(check: FrameCheck, frame: Frame): Verdict {
  try {
    return check(frame)
  } catch (error) {
    return broken(error)
  }
}
