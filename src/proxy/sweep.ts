/** Judges the rights of all open sessions again, some at a time: others are served between. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Sessions } from './sessions.ts'

const AT_ONCE = 200

export class Sweep {
  readonly #sessions: Pick<Sessions, 'rights'>
  #isDue = false
  #isUnderWay = false

  constructor(sessions: Pick<Sessions, 'rights'>) {
    this.#sessions = sessions
  }

  /** Asks for one; what is asked for while one is under way is the next. */
  request(): void {
    this.#isDue = true
    if (!this.#isUnderWay) void this.#run()
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    this.#isUnderWay = true
    while (this.#isDue) {
      await nextTurn()
      this.#isDue = false
      const all = this.#sessions.rights()
      for (let from = 0; from < all.length; from += AT_ONCE) {
        for (const rights of all.slice(from, from + AT_ONCE)) rights.judge()
        await nextTurn()
      }
    }
    this.#isUnderWay = false
  }
}
