/** Ending well: readyz says no, then new upgrades are refused and open connections closed, spread over time (trap 33). */
import type { Observe } from '../observe/events.ts'
import { CLOSING_MS } from './closing.ts'
import type { Sessions, Waiter } from './sessions.ts'
import type { Wheel } from './wheel.ts'

/** All in ms. */
export interface DrainSettings {
  /** readyz is 503, upgrades are still admitted: load balancers notice first. */
  readonly delay: number
  /** From then on, until what is still open is ended by force. */
  readonly timeout: number
  /** Over how long the closes are spread. */
  readonly jitter: number
}

/** How a drain went: how many connections had to be ended by force. */
export interface Drained {
  readonly forced: number
}

export interface DrainContext {
  readonly sessions: Sessions
  readonly wheel: Wheel
  /** ms, the clock the wheel runs on. */
  readonly now: () => number
  readonly observe: Observe
}

const STEP_MS = 100
const LAST_STEPS = 10

export class Drain {
  readonly #context: DrainContext
  readonly #told = new WeakSet<Waiter>()
  #stage: 'serving' | 'delaying' | 'closing' | 'drained' = 'serving'
  #done: Promise<Drained> | undefined
  #isCut = false

  constructor(context: DrainContext) {
    this.#context = context
  }

  /** Whether readyz is to say no. */
  get isDraining(): boolean {
    return this.#stage !== 'serving'
  }

  /** Whether new upgrades are refused. */
  get isClosing(): boolean {
    return this.#stage === 'closing' || this.#stage === 'drained'
  }

  /** Begins, or joins the drain that has begun. Resolves when no connection is open. */
  begin(settings: DrainSettings): Promise<Drained> {
    this.#done ??= this.#run(settings)
    return this.#done
  }

  /** Ends what is still open now. */
  cut(): void {
    this.#isCut = true
  }

  async #run({ delay, timeout, jitter }: DrainSettings): Promise<Drained> {
    const { sessions, observe, now } = this.#context
    this.#stage = 'delaying'
    observe({ type: 'draining', open: sessions.size })
    const delayed = now() + delay
    while (now() < delayed && !this.#isCut) await this.#step()
    this.#stage = 'closing'
    const forceAt = now() + timeout
    // The last to be told still has time for a closing handshake.
    const toldBy = now() + Math.max(0, Math.min(jitter, timeout - CLOSING_MS))
    while (!sessions.isIdle && now() < forceAt && !this.#isCut) {
      this.#tell(toldBy)
      await this.#step()
    }
    const left = sessions.all()
    for (const session of left) session.destroy()
    // Their sockets close, and their last log lines are written, a moment later.
    for (let steps = 0; sessions.size > 0 && steps < LAST_STEPS; steps++) await this.#step()
    this.#stage = 'drained'
    observe({ type: 'drained', forced: left.length })
    return { forced: left.length }
  }

  /** Gives every open session its moment, also those that were being admitted when the drain began, and those who are to speak first. */
  #tell(until: number): void {
    const { sessions, wheel, now } = this.#context
    for (const session of [...sessions.all(), ...sessions.waiters()]) {
      if (this.#told.has(session)) continue
      this.#told.add(session)
      wheel.at(now() + Math.random() * Math.max(0, until - now()), () =>
        session.end('shutting_down', 'the process is draining'),
      )
    }
  }

  #step(): Promise<void> {
    const { wheel, now } = this.#context
    return new Promise((resolve) => wheel.at(now() + STEP_MS, resolve))
  }
}
