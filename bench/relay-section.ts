/** The relay's section of `docs/benchmarks.md`, out of measured results alone. */
import { chartName } from './charts.ts'
import { markdownTable } from './document.ts'
import { failures, type RelayResults } from './relay-results.ts'
import { digits, type Spread } from './statistics.ts'
import { isReached, type Outcome, outcomes, type Row, rows } from './table.ts'

/** Machine, goals, figures with their charts, proxies, what was not measured, configuration, commands. */
export function relaySection(results: RelayResults): string {
  const figures = rows(results)
  return [
    `Taken ${results.date} with \`${results.command}\`: ${results.machine.join(', ')}. Medians of ${results.rounds} rounds, least and most in brackets.`,
    '### Against the goals',
    'The ratio of the cost through wsluice to the cost through the peer, round by round; less is better.',
    goalTable(outcomes(results)),
    '### Figures',
    ...figures.map(figure),
    '### What was measured',
    peerTable(results),
    ...notes(results),
    'The policy of wsluice, judged in every scenario:',
    `\`\`\`yaml\n${results.configuration.trim()}\n\`\`\``,
    'What the generator ran:',
    `\`\`\`text\n${Object.values(results.commands).join('\n')}\n\`\`\``,
  ].join('\n\n')
}

/** `1.31 (1.28–1.40)`. */
export const spreadText = ({ median, least, most }: Spread) => `${digits(median)} (${digits(least)}–${digits(most)})`

const goalTable = (all: readonly Outcome[]) =>
  markdownTable(
    ['scenario', 'against', 'goal', 'measured', 'reached'],
    all.map((one) => [one.measure.title, one.against, `≤ ${one.goal.most}`, measured(one), reached(one)]),
  )

const measured = ({ ratio }: Outcome) => (ratio ? spreadText(ratio) : 'not measured')

const reached = (outcome: Outcome) => ({ true: 'yes', false: '**no**', undefined: '' })[`${isReached(outcome)}`]

function figure({ measure, cells }: Row): string {
  const body = cells.map(({ peer, spread }) => [peer.label, spreadText(spread)])
  const image = `![${measure.title}, ${measure.unit}](img/${chartName(measure.id)})`
  return [image, markdownTable([measure.title, measure.unit], body)].join('\n\n')
}

const peerTable = ({ peers }: RelayResults) =>
  markdownTable(
    ['proxy', 'version', 'as'],
    peers.map(({ label, version, about }) => [label, version, about]),
  )

function notes(results: RelayResults): string[] {
  const skipped = results.skipped.map(({ label, why }) => `- **Not measured**: ${label}: ${why}`)
  const failed = failures(results).map((text) => `- **Failed**: ${text}`)
  const all = [...skipped, ...failed]
  return all.length > 0 ? [all.join('\n')] : []
}
