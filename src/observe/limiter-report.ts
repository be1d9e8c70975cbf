/** Who uses how much of each rate, as plain data: the admin API shows it, and processes tell it to each other. */
import type { LimiterView } from './limiter-view.ts'

export interface LimiterReport {
  readonly name: string
  readonly tracked: number
  readonly evictions: number
  /** How many keys are at their limit. */
  readonly limited: number
  /** The keys that use most of their rate, the fullest first. */
  readonly top: readonly Talker[]
}

interface Talker {
  readonly key: string
  readonly share: number
  readonly events: number
}

/** @param top how many keys of each */
export const reportOf = (views: Iterable<LimiterView>, top: number): LimiterReport[] =>
  [...views].map(({ name, tracked, evictions, limited, top: topOf }) => ({
    name,
    tracked,
    evictions,
    limited: limited().length,
    top: topOf(top),
  }))

/**
 * Reports of processes that tell each other what they count: each knows nearly all, so the largest is the whole.
 * @param top how many keys of each limiter
 */
export function mergeReports(reports: Iterable<readonly LimiterReport[]>, top: number): LimiterReport[] {
  const all = [...reports].flat()
  const names = [...new Set(all.map(({ name }) => name))]
  return names.map((name) =>
    mergeOne(
      name,
      all.filter((report) => report.name === name),
      top,
    ),
  )
}

function mergeOne(name: string, all: readonly LimiterReport[], top: number): LimiterReport {
  return {
    name,
    tracked: Math.max(...all.map(({ tracked }) => tracked)),
    evictions: Math.max(...all.map(({ evictions }) => evictions)),
    limited: Math.max(...all.map(({ limited }) => limited)),
    top: mergeTalkers(all.flatMap((report) => report.top)).slice(0, top),
  }
}

function mergeTalkers(all: readonly Talker[]): Talker[] {
  const byKey = new Map<string, Talker>()
  for (const talker of all) {
    const known = byKey.get(talker.key)
    if (!known || talker.share > known.share) byKey.set(talker.key, talker)
  }
  return [...byKey.values()].sort((a, b) => b.share - a.share || b.events - a.events)
}
