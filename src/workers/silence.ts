/** Which workers have stopped answering. */

/** How often is looked, ms. A worker says something within this time, however little there is to say. */
export const SILENCE_LOOK_MS = 5000
const MOST_SILENT_LOOKS = 6
/** How long a worker may say nothing, ms: nothing that it does takes so long. */
export const SILENCE_MS = SILENCE_LOOK_MS * MOST_SILENT_LOOKS

interface Speaker {
  /** Whether it has said anything since this was set to false. */
  wasHeard: boolean
}

/**
 * Counts looks and not time: while this process stood still it heard nobody, and then there is one look, not as many as
 * would have been.
 */
export class Silence {
  #silent = new Map<Speaker, number>()

  /** Those that were silent for too long, once they are. */
  look<One extends Speaker>(speakers: readonly One[]): One[] {
    const before = this.#silent
    this.#silent = new Map()
    for (const one of speakers) {
      if (!one.wasHeard) this.#silent.set(one, (before.get(one) ?? 0) + 1)
      one.wasHeard = false
    }
    return speakers.filter((one) => this.#silent.get(one) === MOST_SILENT_LOOKS)
  }
}
