/** Bounds on what has come to a stand: a body that does not move, an answer that is not taken. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Deadline, Wheel } from './wheel.ts'

/** How often is looked: what has not moved between two looks stands still, which is so for one to two of these. */
export const STALL_MS = 60_000

export interface StallTiming {
  readonly wheel: Wheel
  /** ms, what the wheel runs on. */
  readonly clock: () => number
}

/**
 * Acts once where nothing moves.
 * @param moved grows with every byte that moves; undefined while none is expected to
 */
export function watchStall(
  { wheel, clock }: StallTiming,
  moved: () => number | undefined,
  stalled: () => void,
): Deadline {
  let before = moved()
  const look = () => {
    const now = moved()
    if (now !== undefined && now === before) return stalled()
    before = now
    next = wheel.at(clock() + STALL_MS, look)
  }
  let next = wheel.at(clock() + STALL_MS, look)
  return { cancel: () => next.cancel() }
}

/** How many bytes the other side of a socket, or its kernel, has taken. */
export const taken = (socket: Duplex): number =>
  socket instanceof Socket ? socket.bytesWritten - socket.writableLength : 0

/**
 * Ends the connection of an ordinary request where its body, or what is queued of its answer, does not move. A backend
 * may think, or be silent between two events, as long as it likes: that is no stall.
 */
export function boundExchange(request: IncomingMessage, response: ServerResponse, timing: StallTiming): void {
  const { socket } = request
  const isExpected = () => !request.complete || socket.writableLength > 0
  const watch = watchStall(
    timing,
    () => (isExpected() ? socket.bytesRead + taken(socket) : undefined),
    () => socket.destroy(),
  )
  // After an early answer the rest of the body is still to come.
  const settle = () => {
    if (socket.destroyed || (response.closed && request.complete)) watch.cancel()
  }
  response.once('close', settle)
  request.once('close', settle)
}
