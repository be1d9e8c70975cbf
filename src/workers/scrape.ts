/** Metrics of all processes together. */
import { lasting, type Metrics, metricsText, type Samples } from '../observe/metrics.ts'
import type { Crew } from './crew.ts'
import type { Member } from './member.ts'

/** How long a worker may take over its samples, ms; then those it gave last are shown again. */
const ANSWER_MS = 2000

export class Scrape {
  readonly #crew: Crew
  readonly #last = new Map<Member, Samples>()
  /** What those counted that have ended. */
  #past: Promise<Samples> = Promise.resolve([])

  constructor(crew: Crew) {
    this.#crew = crew
  }

  /** The exposition text. */
  async text(own: Metrics): Promise<string> {
    await Promise.all(this.#crew.serving.map((member) => this.#ask(member)))
    return await metricsText([await own.samples(), ...this.#last.values(), await this.#past])
  }

  /** A worker has ended: what was shown of its counters stays, or the sums would fall. */
  keep(member: Member): void {
    const samples = this.#last.get(member)
    this.#last.delete(member)
    if (samples) this.#past = this.#past.then((past) => lasting([past, samples]))
  }

  async #ask(member: Member): Promise<void> {
    try {
      const samples = await member.link.ask('scrape', undefined, ANSWER_MS)
      if (!member.hasEnded) this.#last.set(member, samples)
    } catch {
      // It ended, or is too busy.
    }
  }
}
