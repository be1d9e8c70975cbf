/** Limiters of a worker: rates of handshakes are judged by the primary, those of messages here. */
import type { Gate, Passage } from '../limits/gate.ts'
import { Limiters } from '../limits/limiters.ts'
import { CountedTable } from './counted-table.ts'
import type { Link } from './link.ts'
import { ANSWER_MS, assertAnswering } from './remote-places.ts'
import type { ToPrimary, ToWorker } from './words.ts'

export class RemoteLimiters extends Limiters {
  readonly #link: Link<ToPrimary, ToWorker>

  constructor(link: Link<ToPrimary, ToWorker>) {
    super((settings) => new CountedTable(settings))
    this.#link = link
  }

  /** The primary has its rates from the same configuration, under the same name. */
  override gate(name: string): Gate {
    return { take: (key, now) => this.#pass(name, key, now) }
  }

  async #pass(gate: string, key: string, now: number): Promise<Passage> {
    assertAnswering(this.#link)
    const refused = await this.#link.ask('pass', { gate, key }, ANSWER_MS)
    if (refused) return { ok: false, retryAt: now + (refused.waitMs ?? Number.POSITIVE_INFINITY) }
    return { ok: true, undo: () => this.#link.tell('undo', { gate, key }) }
  }
}
