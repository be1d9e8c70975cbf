/** One drain of all workers. */
import type { Observe } from '../observe/events.ts'
import type { Drained, DrainSettings } from '../proxy/drain.ts'
import type { Crew } from './crew.ts'

/** What a drain may take beyond its own times, ms. */
const GRACE_MS = 10_000

export class Drainage {
  readonly #crew: Crew
  readonly #observe: Observe
  #done: Promise<Drained> | undefined

  constructor(crew: Crew, observe: Observe) {
    this.#crew = crew
    this.#observe = observe
  }

  get isDraining(): boolean {
    return this.#done !== undefined
  }

  /** Begins, or joins the drain that has begun. Resolves when no connection is open. */
  begin(settings: DrainSettings): Promise<Drained> {
    this.#done ??= this.#run(settings)
    return this.#done
  }

  async #run(settings: DrainSettings): Promise<Drained> {
    this.#observe({ type: 'draining', open: this.#crew.sessions })
    const drained = await this.#crew.drain(settings, settings.delay + settings.timeout + GRACE_MS)
    const forced = drained.reduce((sum, one) => sum + one.forced, 0)
    this.#observe({ type: 'drained', forced })
    return { forced }
  }
}
