/** Opens the backend's side of an admitted upgrade, asking one upstream after the other. */
import type { Upstream } from '../net/upstream.ts'
import { ask } from './ask.ts'
import { type Dialled, type Failure, failure, type Handshake } from './dialled.ts'
import type { Gone } from './gone.ts'
import type { Wheel } from './wheel.ts'

/** How long an upstream may take to accept the connection while another could be asked, ms. */
const CONNECT_MS = 3000

export interface DialTiming {
  /** For all of it, ms. */
  readonly timeoutMs: number
  /** ms, monotonic: what the wheel runs on. */
  readonly clock: () => number
  readonly wheel: Wheel
  /** Whether connections are handles alone where they can be. */
  readonly isRaw: boolean
  /** Aborts when the client stops waiting; the request ends with it (trap 41). */
  readonly gone: Gone
}

/**
 * Asks one upstream after the other until one can be reached.
 * @param onFailure told of each that failed
 */
export async function dial(
  candidates: readonly Upstream[],
  handshake: Handshake,
  { timeoutMs, clock, wheel, isRaw, gone }: DialTiming,
  onFailure: (failure: Failure) => void,
): Promise<Dialled> {
  const endAt = clock() + timeoutMs
  let last: Dialled | undefined
  for (const [index, upstream] of candidates.entries()) {
    const answerMs = Math.max(0, endAt - clock())
    const others = candidates.length - index - 1
    // One that swallows the connection must leave time for the next.
    const connectMs = others > 0 ? Math.min(CONNECT_MS, answerMs / (others + 1)) : answerMs
    last = await ask(upstream, handshake, { connectMs, answerMs, wheel, clock, isRaw, gone })
    if (last.kind !== 'failed' || gone.aborted) return last
    onFailure(last)
    if (!last.isUnreached) return last
  }
  return last ?? failure('none', 'no upstream', 'reached')
}
