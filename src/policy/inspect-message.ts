/** Judges the messages that one side of a session sends, where a policy reads them. */
import type { Exceeding, MessageCheck, MessageStep } from './check.ts'
import type { Connection } from './connection.ts'
import { broken, type Finding, weigh } from './finding.ts'
import type { Droppable, OnFinding } from './inspect.ts'
import type { Message } from './message.ts'
import type { Reason } from './reasons.ts'
import type { Refusal, Verdict } from './verdict.ts'

export class MessageInspector {
  readonly #connection: Connection
  readonly #onFinding: OnFinding
  readonly #droppable: Droppable
  #step: MessageStep
  #check: MessageCheck

  /** @param droppable which messages of the sender may vanish */
  constructor(connection: Connection, step: MessageStep, onFinding: OnFinding, droppable: Droppable) {
    this.#connection = connection
    this.#onFinding = onFinding
    this.#droppable = droppable
    this.#step = step
    this.#check = step.begin(connection)
  }

  /** What it judges by. */
  get step(): MessageStep {
    return this.#step
  }

  /** Takes the step of a reloaded policy; a check that is the same keeps its state. */
  adopt(step: MessageStep): void {
    if (step.id !== this.#step.id) this.#check = step.begin(this.#connection)
    this.#step = step
  }

  /**
   * The refusal of a message, counted or not; undefined: it may pass.
   * @param compressed as it is on the wire
   */
  judge(message: Message, compressed: boolean): Finding | undefined {
    const verdict = judged(this.#check, message)
    return verdict.ok ? undefined : this.conclude(verdict, compressed)
  }

  /** Weighs a refusal of what could not even be read, or of what was. */
  conclude(refusal: Refusal, compressed: boolean): Finding {
    const { check, mode, exceeding } = this.#step
    const { notice } = exceeding
    const finding = weigh({ check, mode, action: this.#actionOn(refusal, compressed), notice }, refusal)
    this.#onFinding(finding)
    return finding
  }

  #actionOn(refusal: Refusal, compressed: boolean): Exceeding['action'] {
    const { action } = this.#step.exceeding
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

function judged(check: MessageCheck, message: Message): Verdict {
  try {
    return check(message)
  } catch (error) {
    return broken(error)
  }
}
