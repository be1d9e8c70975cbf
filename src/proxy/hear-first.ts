/** Clients that were let in to speak first: their handshake is answered, and nobody else hears of them before they have. */
import type { FirstMessage } from '../policy/first-message.ts'
import type { Reason } from '../policy/reasons.ts'
import { type Refusal, refuse } from '../policy/verdict.ts'
import { FirstMessageReader, type Heard, LEFT } from './first-message.ts'
import type { Upgrade } from './pending-upgrade.ts'
import type { UpgradeContext } from './upgrade-context.ts'
import type { Deadline } from './wheel.ts'

type Context = Pick<UpgradeContext, 'wheel' | 'clock' | 'memory' | 'sessions'>

/** Resolves with what the client said, or why it is not waited for any longer. The upgrade is open. */
export function hearFirst(upgrade: Upgrade, firstMessage: FirstMessage, context: Context): Promise<Heard> {
  return new Promise((resolve) => new FirstHearing(upgrade, firstMessage, context, resolve).begin())
}

export const lateFirstMessage = ({ timeoutMs }: FirstMessage): Refusal =>
  refuse('token_timeout', `no first message within ${timeoutMs / 1000} s`)

const NO_EXTENSIONS = { first: 0, other: 0, opaque: false }

/** One of them. */
class FirstHearing {
  readonly #upgrade: Upgrade
  readonly #context: Context
  readonly #reader: FirstMessageReader
  readonly #resolve: (heard: Heard) => void
  readonly #deadline: Deadline
  readonly #most: number
  #isOver = false

  constructor(upgrade: Upgrade, firstMessage: FirstMessage, context: Context, resolve: (heard: Heard) => void) {
    const { clock, wheel, memory } = context
    this.#upgrade = upgrade
    this.#context = context
    this.#resolve = resolve
    this.#reader = new FirstMessageReader({ firstMessage, memory, rsv: NO_EXTENSIONS, now: clock })
    const late = lateFirstMessage(firstMessage)
    this.#deadline = wheel.at(clock() + firstMessage.timeoutMs, () => this.#settle({ said: late }))
    this.#most = firstMessage.maxBytes
  }

  begin(): void {
    const { gone } = this.#upgrade
    this.#context.sessions.waitFor(this)
    gone.addEventListener('abort', this.#left)
    this.#upgrade.overhear(this.#hear, this.#most)
    if (gone.aborted) this.#left()
  }

  /** Ends the waiting from our side. */
  end(reason: Reason, detail: string): void {
    this.#settle({ said: refuse(reason, detail) })
  }

  readonly #hear = (chunk: Uint8Array): void => {
    const heard = this.#isOver ? undefined : this.#reader.hear(chunk)
    if (heard) this.#settle(heard)
  }

  readonly #left = (): void => this.#settle({ said: LEFT })

  #settle(heard: Heard): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#deadline.cancel()
    this.#reader.release()
    this.#upgrade.gone.removeEventListener('abort', this.#left)
    this.#context.sessions.waitNoMore(this)
    this.#resolve(heard)
  }
}
