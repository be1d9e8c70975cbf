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

/** A check at work in this session. */
interface Running {
  readonly step: FrameStep
  readonly check: FrameCheck
  /** How many messages it has dropped. */
  drops: number
}

/** A frame that waits to be judged again. */
interface Delay {
  /** The id of the step that delayed it. */
  readonly by: string
  /** The ids of the steps that have judged it, and counted it. */
  readonly judged: ReadonlySet<string>
}

export class FrameInspector {
  #running: readonly Running[] = []
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
    const before = new Map(this.#running.map((one) => [one.step.id, one]))
    this.#running = steps.map((step) => {
      const { check, drops } = before.get(step.id) ?? { check: step.begin(this.#connection), drops: 0 }
      return { step, check, drops }
    })
  }

  /**
   * The first refusal that counts, or undefined: the frame may pass. Would-be refusals are reported and pass; they keep
   * the frame from what is in dry run after them, which would not have seen it. A frame that was delayed is the next to
   * be judged, by the step that delayed it and those after it.
   */
  judge(frame: Frame): Finding | undefined {
    const delay = this.#delay
    let isSpared = false
    for (let index = 0; index < this.#running.length; index++) {
      // The loop's bound.
      const one = this.#running[index] as Running
      if (isSpared && one.step.mode !== 'enforce') continue
      if (delay?.judged.has(one.step.id)) continue
      const verdict = judged(one.check, frame)
      if (verdict.ok) continue
      const finding = this.#conclude(one, frame, verdict)
      if (finding.counted) return finding
      isSpared ||= finding.action === 'none'
    }
    this.#delay = undefined
    return undefined
  }

  #conclude(one: Running, frame: Frame, refusal: Refusal): Finding {
    const { step } = one
    const { check, mode, exceeding } = step
    const action = this.#actionOn(one, frame, refusal)
    const finding = weigh({ check, mode, action, notice: exceeding?.notice }, refusal)
    if ((finding.action === 'drop' || finding.action === 'error') && frame.first) one.drops++
    const isToldOf = finding.action === 'delay' && this.#delay?.by === step.id
    if (finding.counted) this.#delay = finding.action === 'delay' ? this.#delayOf(step) : undefined
    if (!isToldOf) this.#onFinding(finding)
    return finding
  }

  #actionOn({ step, drops }: Running, frame: Frame, refusal: Refusal): Exceeding['action'] {
    const { action, closeAfterDrops, maxDelay } = step.exceeding ?? CLOSING
    // A broken check is no rate: waiting does not mend it.
    if (action === 'close' || refusal.reason === 'internal_error') return 'close'
    if (action !== 'delay') return this.#mayDrop(frame) && !(drops >= (closeAfterDrops ?? NEVER)) ? action : 'close'
    return (refusal.retryAt ?? NEVER) <= frame.arrived + maxDelay ? 'delay' : 'close'
  }

  /** Of a message whose beginning is out, the rest cannot vanish. */
  #mayDrop(frame: Frame): boolean {
    if (isControl(frame)) return true
    return frame.first && (this.#droppable === 'every' || (this.#droppable === 'uncompressed' && !frame.compressed))
  }

  #delayOf({ id }: FrameStep): Delay {
    const ids = this.#running.map(({ step }) => step.id)
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
