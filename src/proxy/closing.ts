/** How long the end of a session may take, once it has begun. */
import type { Traffic } from '../observe/events.ts'
import type { Deadline, Wheel } from './wheel.ts'
import type { Wire } from './wire.ts'

/** How long the rest of a closing may take: the other side's answer, what it still sends, its FIN (traps 12, 44). */
export const CLOSING_MS = 5000

/** How often that time is given again to a side that is slow but still reading. */
const CLOSINGS = 12

interface Closing {
  readonly wheel: Wheel
  /** ms, what the wheel runs on. */
  readonly clock: () => number
  readonly sides: readonly Pick<Wire, 'queued'>[]
  /** What was sent to them, as it grows. */
  readonly traffic: Pick<Traffic, 'bytesIn' | 'bytesOut'>
  /** Ends the session by force. */
  readonly destroy: () => void
}

/** Ends a session by force when its time is up, unless a slow side is still taking what was sent before the Close. */
export function boundClosing({ wheel, clock, sides, traffic, destroy }: Closing): Deadline {
  const queued = () => sides.reduce((sum, side) => sum + side.queued(), 0)
  const taken = () => traffic.bytesIn + traffic.bytesOut - queued()
  const next = (rounds: number, takenBefore: number): Deadline =>
    wheel.at(clock() + CLOSING_MS, () => {
      const now = taken()
      if (queued() === 0 || now <= takenBefore || rounds <= 1) return destroy()
      deadline = next(rounds - 1, now)
    })
  let deadline = next(CLOSINGS, taken())
  return { cancel: () => deadline.cancel() }
}
