/** The limiters of the process, as metrics and the admin API see them. */
import type { Limiters } from '../limits/limiters.ts'
import type { LimiterView } from '../observe/limiter-view.ts'

/** @param clock ms, the clock that rates count by */
export function limiterViews(limiters: Limiters, clock: () => number): LimiterView[] {
  return [...limiters].map(([name, table]) => ({
    name,
    tracked: table.size,
    evictions: table.evictions,
    limited: () => table.limited(clock()),
    top: (count) => table.top(count, clock()),
  }))
}
