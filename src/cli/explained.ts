/** One judgement in words: each check in order, what it looked at, what it concluded, and what would change it. */
import { printable } from '../config/problems.ts'
import type { Admission, Trace } from '../policy/admit.ts'
import type { Answers } from '../policy/answers.ts'
import type { StepMode } from '../policy/check.ts'
import { REASONS, type Reason } from '../policy/reasons.ts'
import { sayNo } from '../proxy/refuse.ts'
import { type FrameLimit, formatLimit, frameLimits } from './frame-limits.ts'

/** What the client is told, or would be were it no dry run: a close code with its text, or an HTTP status. */
interface Told {
  readonly by: 'close' | 'http'
  readonly code: number
  readonly text: string
}

interface ExplainedCheck extends Partial<Told> {
  readonly check: string
  readonly mode: StepMode
  readonly outcome: 'passed' | 'refused' | 'would refuse' | 'skipped' | 'not reached'
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
  readonly outcome: 'admitted' | 'would_reject' | 'rejected'
  readonly checks: readonly ExplainedCheck[]
  /** What its frames will be judged by, where it is admitted. */
  readonly frames: readonly FrameLimit[]
}

/** @param effective the configuration as it was written, defaults filled in */
export function explain(
  admission: Admission<readonly string[] | undefined>,
  answers: Answers,
  effective: Readonly<Record<string, unknown>>,
): Explained {
  const { connection, route, findings, trace } = admission
  const told = (reason: Reason): Told => {
    const { by, code, text } = sayNo(reason, connection, route, answers)
    return { by, code, text }
  }
  // The entry checks come first in the trace, then the route's; what is not in it was not reached.
  const reached = trace.length - trace.findIndex(({ check }) => check === 'route') - 1
  const missed = route.steps.slice(Math.max(0, reached)).map(({ check, mode }) => ({
    check,
    mode,
    outcome: 'not reached' as const,
    detail: 'an earlier check refused',
  }))
  const wouldReject = findings.length > 0 ? 'would_reject' : 'admitted'
  return {
    ip: connection.ip,
    unvouched: connection.unvouched,
    route: route.name,
    upstreams: route.upstreams ?? [],
    outcome: admission.granted ? wouldReject : 'rejected',
    checks: [...trace.map((one) => explainOne(one, told)), ...missed],
    frames: admission.granted ? frameLimits(route, effective) : [],
  }
}

function explainOne({ check, mode, verdict }: Trace, told: (reason: Reason) => Told): ExplainedCheck {
  if (!verdict) return { check, mode, outcome: 'skipped', detail: 'an earlier would-be refusal left nothing to judge' }
  const { detail = '' } = verdict
  if (verdict.ok) return { check, mode, outcome: 'passed', detail }
  const { reason } = verdict
  const outcome = mode === 'enforce' ? 'refused' : 'would refuse'
  return { check, mode, outcome, detail, reason, ...told(reason), change: REASONS[reason].advice }
}

/** For a terminal: a line for each check, more for a refusal, and a summary. */
export function formatExplained(explained: Explained): string {
  const { ip, unvouched, route, checks, frames } = explained
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
  const limits =
    frames.length === 0
      ? ''
      : `\nIts frames and messages are judged by\n${frames.map(formatLimit).map(printable).join('\n')}\n`
  const ignored = unvouched ? `${UNVOUCHED}\n` : ''
  return `client ${ip}, route ${route}\n${ignored}\n${lines.join('\n')}\n\n${printable(summary(explained))}\n${counts}\n${limits}`
}

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
  if (outcome === 'admitted') return `admitted: ${goes}`
  return `admitted, for this is a dry run: ${goes}; enforced, ${decisive?.check} would refuse it: ${decisive?.reason}`
}
