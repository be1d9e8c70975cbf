/** How long the end of a session may take, once it has begun. */
import type { Deadline, Wheel } from './wheel.ts'

/** How long the rest of a closing may take: the other side's answer, what it still sends, its FIN (traps 12, 44). */
export const CLOSING_MS = 5000

/** How often that time is given again to a side that is slow but still reading. */
const CLOSINGS = 12

interface Closing {
  readonly wheel: Wheel
  /** ms, what the wheel runs on. */
  readonly clock: () => number
  /** Bytes that the two sides have not taken yet. */
  readonly queued: () => number
  /** Ends the session by force. */
  readonly destroy: () => void
}

/** Ends a session by force when its time is up, unless a slow side is still taking what was sent before the Close. */
export function boundClosing({ wheel, clock, queued, destroy }: Closing): Deadline {
  const next = (rounds: number, queuedBefore: number): Deadline =>
    wheel.at(clock() + CLOSING_MS, () => {
      const left = queued()
      if (left === 0 || left >= queuedBefore || rounds <= 1) return destroy()
      deadline = next(rounds - 1, left)
    })
  let deadline = next(CLOSINGS, Number.POSITIVE_INFINITY)
  return { cancel: () => deadline.cancel() }
}
