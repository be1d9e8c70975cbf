/** The relay's results for a terminal. */
import { failures, type RelayResults } from './relay-results.ts'
import { spreadText } from './relay-section.ts'
import { isReached, type Outcome, outcomes, rows } from './table.ts'

/** Figures of everybody, then the ratios against the goals, then who is missing. */
export function printed(results: RelayResults): string {
  const labels = Math.max(...results.peers.map(({ label }) => label.length), 0)
  const figures = rows(results).map(({ measure, cells }) =>
    [
      `${measure.title}: ${measure.unit}`,
      ...cells.map(({ peer, spread }) => `  ${peer.label.padEnd(labels)}  ${spreadText(spread)}`),
    ].join('\n'),
  )
  const skipped = results.skipped.map(({ label, why }) => `SKIPPED: ${label}: ${why}`)
  const failed = failures(results).map((text) => `FAILED: ${text}`)
  const compared = results.short ? 'short: it ran; the figures mean nothing' : goals(results)
  return [...figures, compared, [...skipped, ...failed].join('\n')].filter((text) => text !== '').join('\n\n')
}

function goals(results: RelayResults): string {
  const ours = results.peers.filter(({ id }) => id.startsWith('wsluice'))
  return ours
    .map(({ id, label }) => [`${label} against its goals`, ...ran(results, id).map(goalLine)].join('\n'))
    .join('\n\n')
}

function goalLine(outcome: Outcome): string {
  const { measure, against, goal, ratio } = outcome
  const what = `${measure.title} / ${against}`.padEnd(66)
  const said = { true: 'yes', false: 'NO', undefined: '' }[`${isReached(outcome)}`]
  return `  ${what} goal ${String(goal.most).padEnd(5)} ${ratio ? spreadText(ratio) : 'not measured'} ${said}`
}

/** The goals of what was run at all, also where the peer is missing. */
function ran(results: RelayResults, id: string): Outcome[] {
  const measured = new Set(rows(results).map(({ measure }) => measure.id))
  return outcomes(results, id).filter(({ goal }) => measured.has(goal.measure))
}
