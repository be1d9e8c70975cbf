/** Text that is written in one piece, a little later: a handshake logs two lines, and a write(2) each was a tenth of its cost. */

/** Held at most, in UTF-16 units: with more to say it is written more often. */
const MOST_HELD = 64 * 1024

export interface Batched {
  readonly write: (text: string) => void
  /** Writes what is held; to be called at the exit of the process, however it comes. */
  readonly flush: () => void
}

/**
 * @param write takes it all, in order
 * @param soon runs something a little later; what is written until then waits for it
 */
export function batched(write: (text: string) => void, soon: (run: () => void) => void): Batched {
  let held = ''
  const flush = () => {
    const text = held
    held = ''
    if (text !== '') write(text)
  }
  return {
    write: (text) => {
      if (held === '') soon(flush)
      held += text
      if (held.length > MOST_HELD) flush()
    },
    flush,
  }
}
