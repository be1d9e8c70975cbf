/** Judges the messages that one side of a session sends, where a policy reads them. */
import type { Exceeding, MessageCheck, MessageStep } from './check.ts'
import type { Connection } from './connection.ts'
import { broken, type Finding, weigh } from './finding.ts'
import type { Droppable, OnFinding } from './inspect.ts'
import type { Message } from './message.ts'
import type { Reason } from './reasons.ts'
import { type Refusal, refuse, type Verdict } from './verdict.ts'

/** `taken`: the message is for us, and goes no further. A finding: its refusal, counted or not. */
export type MessageOutcome = Finding | 'taken' | undefined

export interface InspectorEvents {
  /** Told of every refusal, counted or not. */
  readonly found: OnFinding
  /** Told what a message says that is for us; in a dry run it passes all the same. */
  readonly taken: (value: unknown) => void
}

/** A check at work in this session. */
interface Running {
  readonly step: MessageStep
  readonly check: MessageCheck
}

export class MessageInspector {
  readonly #connection: Connection
  readonly #events: InspectorEvents
  readonly #droppable: Droppable
  #running: readonly Running[] = []
  #step: MessageStep

  /**
   * @param steps at least one, judged in this order
   * @param droppable which messages of the sender may vanish
   */
  constructor(connection: Connection, steps: readonly MessageStep[], events: InspectorEvents, droppable: Droppable) {
    this.#connection = connection
    this.#events = events
    this.#droppable = droppable
    this.#step = reader(steps)
    this.adopt(steps)
  }

  /** The one for whose sake messages are read. */
  get step(): MessageStep {
    return this.#step
  }

  /** Takes the steps of a reloaded policy; a check that is the same keeps its state. */
  adopt(steps: readonly MessageStep[]): void {
    const before = new Map(this.#running.map(({ step, check }) => [step.id, check]))
    this.#running = steps.map((step) => ({ step, check: before.get(step.id) ?? step.begin(this.#connection) }))
    this.#step = reader(steps)
  }

  /**
   * What becomes of a message; undefined: it may pass.
   * @param compressed as it is on the wire
   */
  judge(message: Message, compressed: boolean): MessageOutcome {
    let outcome: Finding | undefined
    for (const { step, check } of this.#running) {
      const verdict = judged(check, message)
      if (!verdict.ok) {
        outcome = this.#weigh(step, verdict, compressed)
        if (outcome.counted) return outcome
      } else if (verdict.forUs) {
        const took = this.#take(step, verdict.forUs.value, compressed)
        if (took) return took
      }
    }
    return outcome
  }

  /** Weighs a refusal of what could not even be read. */
  conclude(refusal: Refusal, compressed: boolean): Finding {
    return this.#weigh(this.#step, refusal, compressed)
  }

  #take(step: MessageStep, value: unknown, compressed: boolean): MessageOutcome {
    if (step.mode === 'enforce' && !this.#mayVanish(compressed)) return this.#weigh(step, TOO_LATE, compressed)
    this.#events.taken(value)
    return step.mode === 'enforce' ? 'taken' : undefined
  }

  #weigh(step: MessageStep, refusal: Refusal, compressed: boolean): Finding {
    const { check, mode, exceeding } = step
    const { notice } = exceeding
    const action = this.#actionOn(step, refusal, compressed)
    const finding = weigh({ check, mode, action, notice }, refusal)
    this.#events.found(finding)
    return finding
  }

  #actionOn(step: MessageStep, refusal: Refusal, compressed: boolean): Exceeding['action'] {
    const { action } = step.exceeding
    if (action === 'close' || ALWAYS_CLOSE.has(refusal.reason) || !this.#mayVanish(compressed)) return 'close'
    // Of what could not be read nothing is left when it is redacted.
    return action === 'redact' && !refusal.instead ? 'drop' : action
  }

  #mayVanish(compressed: boolean): boolean {
    return this.#droppable === 'every' || (this.#droppable === 'uncompressed' && !compressed)
  }
}

/** Too much of something, or a fault of ours, is the end whatever becomes of messages that are not valid. */
const ALWAYS_CLOSE: ReadonlySet<Reason> = new Set(['message_too_big', 'overloaded', 'internal_error', 'shutting_down'])

const TOO_LATE = refuse(
  'shutting_down',
  'a message for us that cannot vanish: its compression was agreed on before the policy was there',
)

/** What is enforced reads for all. */
function reader(steps: readonly MessageStep[]): MessageStep {
  const step = steps.find(({ mode }) => mode === 'enforce') ?? steps[0]
  if (!step) throw new Error('nothing reads these messages')
  return step
}

function judged(check: MessageCheck, message: Message): Verdict {
  try {
    return check(message)
  } catch (error) {
    return broken(error)
  }
}
