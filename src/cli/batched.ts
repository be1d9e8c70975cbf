/** Text that is written once a turn of the event loop: a handshake logs two lines, and a write(2) each was a tenth of its cost. */

/** Held at most, in UTF-16 units: a turn with more to say writes more often. */
const MOST_HELD = 64 * 1024

export interface Batched {
  readonly write: (text: string) => void
  /** Writes what is held; to be called at the exit of the process, however it comes. */
  readonly flush: () => void
}

/**
 * @param write takes it all, in order
 * @param atTurnsEnd runs something when the turn of the event loop is over
 */
export function batched(write: (text: string) => void, atTurnsEnd: (run: () => void) => void): Batched {
  let held = ''
  const flush = () => {
    const text = held
    held = ''
    if (text !== '') write(text)
  }
  return {
    write: (text) => {
      if (held === '') atTurnsEnd(flush)
      held += text
      if (held.length > MOST_HELD) flush()
    },
    flush,
  }
}
