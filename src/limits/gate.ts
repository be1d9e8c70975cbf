/** A rate that is judged where an answer may be waited for: here, or in another process. */
import type { Tracked } from './tracked.ts'

/** Whether one more fits a rate. What fits was recorded, and `undo` takes that back. */
export type Passage =
  | { readonly ok: true; readonly undo: () => void }
  | { readonly ok: false; readonly retryAt: number }

export interface Gate {
  /** @param now ms on a monotonic clock of this process, as is `retryAt` */
  take(key: string, now: number): Passage | Promise<Passage>
}

/** A gate of this process alone. */
export const gateOf = (table: Tracked): Gate => ({
  take: (key, now): Passage =>
    table.take(key, now) ? { ok: true, undo: () => table.undo(key) } : { ok: false, retryAt: table.roomAt(key, now) },
})
