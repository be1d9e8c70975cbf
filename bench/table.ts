/** What the samples of the relay come to: medians with their spread, and ratios against the goals. */
import { GOALS, type Goal } from './goals.ts'
import type { PeerFacts, RelayResults } from './relay-results.ts'
import { MEASURES, type Measure, seriesOf } from './scenarios.ts'
import { ratios, type Spread, spreadOf } from './statistics.ts'

/** A figure of one peer. */
export interface Cell {
  readonly peer: PeerFacts
  readonly spread: Spread
}

/** A measure with the figure of everybody who was measured. */
export interface Row {
  readonly measure: Measure
  readonly cells: readonly Cell[]
}

/** A goal with the ratio that was measured, absent where the peer was not. */
export interface Outcome {
  readonly goal: Goal
  readonly measure: Measure
  readonly against: string
  readonly ratio?: Spread
}

/** The measures that have a figure. */
export function rows({ samples, peers }: RelayResults): Row[] {
  const row = (measure: Measure): Row => ({
    measure,
    cells: peers.flatMap((peer) => {
      const spread = spreadOf(seriesOf(samples, measure, peer.id).filter((value) => value !== undefined))
      return spread ? [{ peer, spread }] : []
    }),
  })
  return MEASURES.map(row).filter(({ cells }) => cells.length > 0)
}

/** Every goal, for one of our wires (`wsluice`, `wsluice-portable`), in the order they are declared. */
export function outcomes({ samples, peers }: RelayResults, ours = 'wsluice'): Outcome[] {
  const label = (wanted: string) => peers.find(({ id }) => id === wanted)?.label ?? wanted
  return GOALS.flatMap((goal) => {
    const measure = MEASURES.find(({ id }) => id === goal.measure)
    if (!measure || (goal.of !== undefined && ours !== 'wsluice')) return []
    const theirs = seriesOf(samples, measure, goal.peer)
    const ratio = spreadOf(ratios(seriesOf(samples, measure, goal.of ?? ours), theirs))
    const against = goal.of === undefined ? label(goal.peer) : `${label(goal.peer)}, by ${label(goal.of)}`
    return [{ goal, measure, against, ...(ratio && { ratio }) }]
  })
}

/** Whether the median keeps the goal; undefined where nothing was measured. */
export const isReached = ({ goal, ratio }: Outcome): boolean | undefined => ratio && ratio.median <= goal.most
