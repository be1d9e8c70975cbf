/**
 * Listens for the token in a client's first message while the session is under way, in a dry run of the token: nobody waits
 * for it, and what it would have come to is told once it is known.
 */
import type { Admission, Later } from '../policy/admit.ts'
import { FirstMessageReader, type Heard, isRefusal, LEFT } from './first-message.ts'
import { lateFirstMessage } from './hear-first.ts'
import type { Pair, SessionContext } from './session-context.ts'
import type { Deadline } from './wheel.ts'

type Context = Pick<SessionContext, 'wheel' | 'clock' | 'now' | 'memory'>

export class Overhearing {
  readonly #later: Later<unknown>
  readonly #context: Context
  readonly #conclude: (admission: Admission) => void
  readonly #deadline: Deadline
  /** Until it is known what the first message says. */
  #reader: FirstMessageReader | undefined
  #judged: (() => void) | undefined

  /** @param conclude told once */
  constructor(later: Later<unknown>, rsv: Pair['rsv'], context: Context, conclude: (admission: Admission) => void) {
    const { clock, wheel, memory } = context
    const { firstMessage } = later
    this.#later = later
    this.#context = context
    this.#conclude = conclude
    this.#reader = new FirstMessageReader({ firstMessage, memory, rsv, now: clock })
    const late = lateFirstMessage(firstMessage)
    this.#deadline = wheel.at(clock() + firstMessage.timeoutMs, () => this.#settle({ said: late }))
  }

  /** Calls back when it is known what the token says. */
  whenJudged(judged: () => void): void {
    this.#judged = judged
  }

  /** What the client sends, as it comes. */
  hear(chunk: Uint8Array): void {
    const heard = this.#reader?.hear(chunk)
    if (heard) this.#settle(heard)
  }

  /** The session is over. */
  left(): void {
    this.#settle({ said: LEFT })
  }

  #settle({ said }: Heard): void {
    if (!this.#reader) return
    this.#reader.release()
    this.#reader = undefined
    this.#deadline.cancel()
    if (isRefusal(said)) this.#conclude(this.#later.refuse(said))
    else void this.#judge(said.value)
  }

  /** Never rejects. */
  async #judge(value: unknown): Promise<void> {
    this.#conclude(await this.#later.hear({ value, at: this.#context.now() }))
    this.#judged?.()
  }
}
