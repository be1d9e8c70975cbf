/** One judgement in words: each check in order, what it looked at, what it concluded, and what would change it. */
import { printable } from '../config/problems.ts'
import type { Admission, Trace, Waiting } from '../policy/admit.ts'
import type { Answers } from '../policy/answers.ts'
import type { StepMode } from '../policy/check.ts'
import { REASONS, type Reason } from '../policy/reasons.ts'
import { detailOf } from '../policy/verdict.ts'
import { sayNo } from '../proxy/refuse.ts'
import { type FrameLimit, formatLimit, frameLimits } from './frame-limits.ts'
import { formatEnd, type SessionEnd, sessionEnds } from './session-ends.ts'

/** What the client is told, or would be were it no dry run: a close code with its text, or an HTTP status. */
interface Told {
  readonly by: 'close' | 'http'
  readonly code: number
  readonly text: string
}

interface ExplainedCheck extends Partial<Told> {
  readonly check: string
  readonly mode: StepMode
  readonly outcome: 'passed' | 'refused' | 'would refuse' | 'skipped' | 'not reached' | 'to come'
  readonly detail: string
  readonly reason?: Reason
  /** What an operator can do about it. */
  readonly change?: string
}

export interface Explained {
  readonly ip: string
  /** Whether its headers name addresses that no trusted proxy vouches for: those are ignored. */
  readonly unvouched: boolean
  readonly route: string
  /** Where an admitted upgrade goes. */
  readonly upstreams: readonly string[]
  /** `waits`: it is admitted to speak first, and the rest is judged then. */
  readonly outcome: 'admitted' | 'waits' | 'would_reject' | 'rejected'
  readonly checks: readonly ExplainedCheck[]
  /** What its frames will be judged by, where it is admitted. */
  readonly frames: readonly FrameLimit[]
  /** What will end it, where it is admitted. */
  readonly ends: readonly SessionEnd[]
}

type Judgement = Admission<readonly string[] | undefined> | Waiting<readonly string[] | undefined>

/** @param effective the configuration as it was written, defaults filled in */
export function explain(
  admission: Judgement,
  answers: Answers,
  effective: Readonly<Record<string, unknown>>,
): Explained {
  const { connection, route, trace } = admission
  const told = (reason: Reason): Told => {
    const { by, code, text } = sayNo(reason, connection, route, answers)
    return { by, code, text }
  }
  return {
    ip: connection.ip,
    unvouched: connection.unvouched,
    route: route.name,
    upstreams: route.upstreams ?? [],
    outcome: outcomeOf(admission),
    checks: [...trace.map((one) => explainOne(one, told)), ...missing(admission)],
    frames: admission.granted ? frameLimits(route, effective) : [],
    ends: admission.granted ? sessionEnds(route, connection, answers) : [],
  }
}

function outcomeOf({ granted, findings }: Judgement): Explained['outcome'] {
  if (!granted) return 'rejected'
  if (findings.length > 0) return 'would_reject'
  return granted === 'later' ? 'waits' : 'admitted'
}

/** What was not judged: a refusal came before it, or a message must. */
function missing(admission: Judgement): ExplainedCheck[] {
  const { route, trace } = admission
  if (admission.granted && admission.later) {
    const detail = 'judged when the client has sent its first message'
    return admission.later.firstMessage.after.map(({ check, mode }) => ({ check, mode, outcome: 'to come', detail }))
  }
  const seen = trace.map(({ check }) => check)
  const missed = route.steps.filter(({ check }) => {
    const at = seen.indexOf(check)
    if (at >= 0) seen.splice(at, 1)
    return at < 0
  })
  const detail = 'an earlier check refused'
  return missed.map(({ check, mode }) => ({ check, mode, outcome: 'not reached', detail }))
}

function explainOne({ check, mode, verdict }: Trace, told: (reason: Reason) => Told): ExplainedCheck {
  if (!verdict) return { check, mode, outcome: 'skipped', detail: 'an earlier would-be refusal left nothing to judge' }
  const detail = detailOf(verdict)
  if (verdict.ok) return { check, mode, outcome: 'passed', detail }
  const { reason } = verdict
  const outcome = mode === 'enforce' ? 'refused' : 'would refuse'
  return { check, mode, outcome, detail, reason, ...told(reason), change: REASONS[reason].advice }
}

/** For a terminal: a line for each check, more for a refusal, and a summary. */
export function formatExplained(explained: Explained): string {
  const { ip, unvouched, route, checks, frames, ends } = explained
  const width = Math.max(...checks.map(({ check }) => check.length)) + 2
  const indent = ' '.repeat(OUTCOME_WIDTH + width)
  const lines = checks.flatMap((one) => {
    const [first, ...rest] = linesOf(one).map(printable)
    return [
      `${one.outcome.padEnd(OUTCOME_WIDTH)}${one.check.padEnd(width)}${first}`,
      ...rest.map((line) => indent + line),
    ]
  })
  const counts = 'Connections and rates are counted as in a proxy that has just started.'
  const limits = listed('Its frames and messages are judged by', frames.map(formatLimit))
  const over = listed('It ends, if neither side ends it, by', ends.map(formatEnd))
  const ignored = unvouched ? `${UNVOUCHED}\n` : ''
  return `client ${ip}, route ${route}\n${ignored}\n${lines.join('\n')}\n\n${printable(summary(explained))}\n${counts}\n${limits}${over}`
}

const listed = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `\n${title}\n${lines.map(printable).join('\n')}\n`

const UNVOUCHED =
  'its headers name addresses that no trusted proxy vouches for, and they are ignored: trustedProxies says whose word is taken'

const OUTCOME_WIDTH = 14

function linesOf({ detail, outcome, reason, change, ...told }: ExplainedCheck): string[] {
  if (reason === undefined) return [detail]
  const sees = outcome === 'refused' ? 'the client sees' : 'the client would see'
  return [`${reason}: ${detail}`, `${sees} ${answer(told)}`, `to change it: ${change}`]
}

const answer = ({ by, code, text }: Partial<Told>) => `${by === 'http' ? 'HTTP' : 'close'} ${code} "${text}"`

function summary({ outcome, checks, upstreams }: Explained): string {
  const decisive = checks.find(
    ({ reason, mode }) => reason !== undefined && mode === (outcome === 'rejected' ? 'enforce' : 'dry-run'),
  )
  if (outcome === 'rejected') return `rejected by ${decisive?.check}: ${decisive?.reason}`
  const goes = `it goes to ${upstreams.join(' or ')}`
  if (outcome === 'waits') return `admitted to speak first: with a token in its first message ${goes}`
  if (outcome === 'admitted') return `admitted: ${goes}`
  return `admitted, for this is a dry run: ${goes}; enforced, ${decisive?.check} would refuse it: ${decisive?.reason}`
}
