/** `wsluice explain`: judges one handshake with the proxy's own engine, without a connection, and says what would change it. */
import { assemble } from '../assemble.ts'
import type { Flags } from '../config/flags.ts'
import { Counts } from '../limits/counts.ts'
import { type Admission, admit, type Trace } from '../policy/admit.ts'
import type { Answers } from '../policy/answers.ts'
import { REASONS } from '../policy/reasons.ts'
import { describe, type RawRequest } from '../proxy/describe.ts'
import { keepKeySets } from '../tokens/kept-key-sets.ts'
import { loadOrComplain } from './load.ts'
import { EXIT, type Terminal } from './terminal.ts'

export interface ExplainFlags extends Flags {
  readonly url: string
  readonly header: readonly string[]
  readonly peer: string
  readonly json?: boolean | undefined
}

export async function explainCommand(terminal: Terminal, flags: ExplainFlags): Promise<number> {
  const request = readRequest(flags)
  if (typeof request === 'string') {
    terminal.complain(request)
    return EXIT.usage
  }
  const loaded = loadOrComplain(terminal, flags)
  if (!loaded) return EXIT.usage
  const now = () => Date.now()
  const keySet = keepKeySets(globalThis.fetch, now, () => {})
  const parts = { counts: new Counts(), keySet, isDraining: () => false, upstreams: () => undefined }
  const policy = assemble(loaded.config, parts)
  const admission = await admit(describe(request, policy.trust, now()), policy)
  const explained = explain(admission, policy.answers)
  terminal.print(flags.json ? `${JSON.stringify(explained, undefined, 2)}\n` : format(explained))
  return admission.granted ? EXIT.ok : EXIT.refused
}

/** The request a URL and headers stand for, or what is wrong with them. The target stays as it was written. */
function readRequest({ url, header, peer }: ExplainFlags): RawRequest | string {
  const [, scheme = 'ws', host = 'localhost', target = '/'] =
    /^(?:(wss?|https?):\/\/([^/?#]+))?([/?].*)?$/.exec(url) ?? []
  if (!/^(?:(?:wss?|https?):\/\/[^/?#]+)?(?:[/?].*)?$/.test(url) || url === '') {
    return `--url: expected a URL such as wss://host/path?token=…, got ${url}`
  }
  const lines = header.map((line) => /^([^:\s]+):\s*(.*)$/.exec(line))
  const bad = lines.indexOf(null)
  if (bad >= 0) return `--header: expected 'Name: value', got ${header[bad]}`
  const given = lines.flatMap((line) => [line?.[1] ?? '', line?.[2] ?? ''])
  const hasHost = given.some((text, index) => index % 2 === 0 && text.toLowerCase() === 'host')
  return {
    target: target.startsWith('?') ? `/${target}` : target,
    rawHeaders: hasHost ? given : ['Host', host, ...given],
    remoteAddress: peer === 'unix' ? undefined : peer,
    encrypted: scheme === 'wss' || scheme === 'https',
  }
}

interface ExplainedCheck {
  readonly check: string
  readonly mode: string
  readonly outcome: 'passed' | 'refused' | 'would refuse' | 'skipped' | 'not reached'
  readonly detail: string
  readonly reason?: string
  readonly code?: number
  readonly text?: string
  readonly change?: string
}

interface Explained {
  readonly route: string
  readonly ip: string
  readonly outcome: 'admitted' | 'would_reject' | 'rejected'
  readonly checks: readonly ExplainedCheck[]
}

function explain(admission: Admission<unknown>, answers: Answers): Explained {
  const judged = admission.trace.map((trace) => explainOne(trace, answers))
  // The entry checks come first in the trace, then the route's; what is not in it was not reached.
  const reached = admission.trace.length - admission.trace.findIndex(({ check }) => check === 'route') - 1
  const missed = admission.route.steps.slice(Math.max(0, reached)).map(({ check, mode }) => ({
    check,
    mode,
    outcome: 'not reached' as const,
    detail: '',
  }))
  const wouldReject = admission.findings.length > 0 ? 'would_reject' : 'admitted'
  return {
    route: admission.route.name,
    ip: admission.connection.ip,
    outcome: admission.granted ? wouldReject : 'rejected',
    checks: [...judged, ...missed],
  }
}

function explainOne({ check, mode, verdict }: Trace, answers: Answers): ExplainedCheck {
  if (!verdict) return { check, mode, outcome: 'skipped', detail: 'an earlier would-be refusal left nothing to judge' }
  const { detail = '' } = verdict
  if (verdict.ok) return { check, mode, outcome: 'passed', detail }
  const { reason } = verdict
  const { code, text } = answers[reason]
  const outcome = mode === 'enforce' ? 'refused' : 'would refuse'
  return { check, mode, outcome, detail, reason, code, text, change: REASONS[reason].advice }
}

function format({ route, ip, outcome, checks }: Explained): string {
  const width = Math.max(...checks.map(({ check }) => check.length))
  const lines = checks.map(({ check, outcome: how, detail, reason, code, text, change }) => {
    const why =
      reason === undefined
        ? detail
        : `${reason}: ${detail}\n${INDENT}close ${code} "${text}"\n${INDENT}to change it: ${change}`
    return `${how.padEnd(13)}${check.padEnd(width + 2)}${why}`.trimEnd()
  })
  const counts = 'Counts are those of a proxy without connections.'
  return `client ${ip}, route ${route}\n${lines.join('\n')}\n${outcome.replace('_', ' ')}. ${counts}\n`
}

const INDENT = ' '.repeat(13)
