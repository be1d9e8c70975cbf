/** What is logged of each event: one table. Fields are contract section 6; text from the network is bounded here. */
import type { Connection } from '../policy/connection.ts'
import type { Finding } from '../policy/finding.ts'
import type { Reason } from '../policy/reasons.ts'
import { bounded } from './bounded.ts'
import type { Answered, Closed, Decided, Event, Malformed, Ticketed, Traffic, Violated } from './events.ts'

export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly msg: string
  /** Fields without a value are not written. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** The close code that clients are told for a reason, as configured. */
export type CodeOf = (reason: Reason) => number

type OfType<Type extends Event['type']> = Extract<Event, { readonly type: Type }>
export type Lines = { readonly [Type in Event['type']]: (event: OfType<Type>, codeOf: CodeOf) => Line }

const MAX_NAME = 256
const MAX_DETAIL = 512
const MAX_MESSAGE = 4096

const name = (text: string | undefined) => (text === undefined ? undefined : bounded(text, MAX_NAME))
const detail = (text: string) => (text === '' ? undefined : bounded(text, MAX_DETAIL))
/** Milliseconds, microseconds kept. */
const ms = (time: number) => Math.round(time * 1000) / 1000
/** Where something is; whoever makes the event has taken out what may be a key. */
const place = (url: string) => bounded(url, MAX_DETAIL)

const line = (level: Line['level'], event: Event['type'], msg: string, fields: Line['fields'] = {}): Line => ({
  level,
  msg,
  fields: { event, ...fields },
})

const client = (connection: Connection, route: string) => ({
  route: route || 'none',
  type: connection.type ?? 'direct',
  ip: connection.ip,
  user: name(connection.user),
  origin: name(connection.header('origin')[0]),
  parent_origin: name(connection.parentOrigin),
  request_id: name(connection.id),
})

const traffic = ({ messagesIn, messagesOut, bytesIn, bytesOut }: Traffic) => ({
  messages_in: messagesIn,
  messages_out: messagesOut,
  bytes_in: bytesIn,
  bytes_out: bytesOut,
})

const weight = (finding: Finding) => (finding.counted ? 'rejected' : 'would_reject')

function decided(event: Decided, codeOf: CodeOf): Line {
  const { connection, findings, refusal } = event
  const finding = refusal?.finding ?? findings[0]
  const all = [...findings, ...event.candidates]
  const code = refusal?.code ?? (finding && codeOf(finding.reason))
  return line(finding ? 'warn' : 'info', 'decided', judgement(event, codeOf), {
    ...client(connection, event.route),
    check: finding?.check,
    reason: finding?.reason,
    code,
    outcome: outcomeOf(event),
    duration_ms: ms(event.tookMs),
    url: event.url,
    token_hash: connection.token?.hash,
    token_length: connection.token?.length,
    token_source: connection.token?.source,
    detail: detail(finding?.detail ?? ''),
    findings: all.length > Number(finding !== undefined) ? all.map(findingFields) : undefined,
  })
}

function outcomeOf({ findings, refusal }: Decided): 'admitted' | 'rejected' | 'would_reject' {
  if (refusal) return 'rejected'
  return findings.length > 0 ? 'would_reject' : 'admitted'
}

const findingFields = (finding: Finding) => ({
  check: finding.check,
  reason: finding.reason,
  outcome: weight(finding),
  detail: detail(finding.detail),
})

const ADMITTED = 'admitted'

/** Operators grep for these texts: contract section 6. */
function judgement(event: Decided, codeOf: CodeOf): string {
  const verdict = verdictText(event, codeOf)
  if (event.connection.type !== 'iframe') return verdict
  const iframe = `Iframe scenario: origin=${originOf(event.connection)} (trusted), validating parent_origin=${parentOf(event.connection)}`
  return verdict === ADMITTED ? iframe : `${verdict}. ${iframe}`
}

function verdictText({ connection, findings, refusal }: Decided, codeOf: CodeOf): string {
  const deciding = refusal ? [refusal.finding] : findings
  const [first] = deciding
  if (!first) return ADMITTED
  if (deciding.some((finding) => finding.reason === 'domain_not_allowed')) {
    return forbiddenDomain(connection, refusal?.code ?? codeOf('domain_not_allowed'))
  }
  return refusal ? `rejected: ${first.reason}` : `admitted, would be rejected: ${first.reason}`
}

function forbiddenDomain(connection: Connection, code: number): string {
  const token = name(connection.token?.preview) ?? ''
  const page = `origin=${originOf(connection)}, parent_origin=${parentOf(connection)}`
  return `Forbidden domain: ${page} for site_token ${token}… code=${code} FORBIDDEN_DOMAIN`
}

const originOf = (connection: Connection) => name(connection.header('origin')[0]) ?? '-'
const parentOf = (connection: Connection) => name(connection.parentOrigin) ?? '-'

const answered = (event: Answered): Line =>
  line(event.result === 'upstream_error' ? 'warn' : 'debug', 'answered', `the backend answered: ${event.result}`, {
    ...client(event.connection, event.route),
    outcome: event.result,
    duration_ms: ms(event.tookMs),
  })

const closed = (event: Closed): Line =>
  line('info', 'closed', `closed by ${event.initiator} with ${event.code}`, {
    ...client(event.connection, event.route),
    reason: event.reason || undefined,
    code: event.code,
    duration_ms: ms(event.durationMs),
    ...traffic(event.traffic),
    initiator: event.initiator,
    detail: detail(event.detail),
    violations: event.violations.size > 0 ? Object.fromEntries(event.violations) : undefined,
  })

const violated = ({ connection, route, finding, subject }: Violated): Line =>
  line('warn', 'violated', `${subject ? WOULD_END : WHAT_BECAME[finding.action]}: ${finding.reason}`, {
    ...client(connection, route),
    check: finding.check,
    reason: finding.reason,
    action: finding.action,
    outcome: weight(finding),
    detail: detail(finding.detail),
  })

const WOULD_END = 'connection would be ended'

const WHAT_BECAME = {
  close: 'frame refused',
  drop: 'message dropped',
  error: 'message answered with an error',
  redact: 'message redacted',
  delay: 'message delayed',
  none: 'frame would be refused',
  candidate: 'frame would be refused by a candidate limit',
} as const satisfies Record<Finding['action'], string>

/** Nothing of the ticket itself; what it stands for is told by the token's hash, here and where it is used. */
function ticketed({ connection, route, findings, refusal }: Ticketed): Line {
  const finding = refusal?.finding ?? findings[0]
  const msg = refusal ? `no ticket: ${refusal.finding.reason}` : 'a ticket was made'
  return line(finding ? 'warn' : 'info', 'ticket', msg, {
    ...client(connection, route),
    check: finding?.check,
    reason: finding?.reason,
    code: refusal?.code,
    outcome: refusal ? 'rejected' : 'issued',
    token_hash: connection.token?.hash,
    token_length: connection.token?.length,
    detail: detail(finding?.detail ?? ''),
  })
}

/** Limits per address are limits of all clients together until it is named. */
const TRUST_IT = (address: string) =>
  `if that is your proxy, set trustedProxies: [${address}] (WS_TRUSTED_PROXIES), so that limits per address count its clients one by one`

const SERVICE = {
  failed: 'the authorization service fails: onError decides until it answers',
  answers: 'the authorization service answers again',
} as const

const malformed = (event: Malformed): Line =>
  line('warn', 'malformed', event.status ? `malformed request answered with ${event.status}` : 'malformed connection', {
    ip: event.peer,
    code: event.status,
    detail: detail(event.detail),
  })

export const LINES = {
  decided,
  answered,
  closed,
  violated,
  ticket: ticketed,
  refreshed: ({ type, connection, route }) =>
    line('debug', type, 'goes on with a newer token', {
      ...client(connection, route),
      token_hash: connection.token?.hash,
      token_length: connection.token?.length,
    }),
  malformed,
  started: ({ type, listeners, mode, wire, workers }) =>
    line('info', type, `started in ${mode} mode`, { listeners, mode, wire, workers }),
  warning: ({ type, message }) => line('warn', type, bounded(message, MAX_MESSAGE)),
  reloaded: ({ type }) => line('info', type, 'the new configuration is in force'),
  reload_failed: ({ type, problems }) =>
    line('error', type, 'the configuration has problems: the old one stays in force', { problems }),
  keys: ({ type, url, outcome, detail: text }) =>
    line(outcome === 'failed' ? 'warn' : 'info', type, `key set ${outcome}`, {
      url: place(url),
      outcome,
      detail: detail(text),
    }),
  authorization: ({ type, url, outcome, detail: text }) =>
    line(outcome === 'failed' ? 'error' : 'info', type, SERVICE[outcome], {
      url: place(url),
      outcome,
      detail: detail(text),
    }),
  upstream_failed: ({ type, upstream, detail: text }) =>
    line('warn', type, 'the backend failed', { upstream: place(upstream), detail: detail(text) }),
  draining: ({ type, open }) => line('info', type, `draining ${open} open connections`, { open }),
  drained: ({ type, forced }) => line('info', type, `drained, ${forced} connections ended by force`, { forced }),
  administered: ({ type, action, peer, detail: text }) =>
    line('info', type, `operator: ${bounded(action, MAX_NAME)}`, {
      action: bounded(action, MAX_NAME),
      ip: peer,
      detail: detail(text),
    }),
  one_client: ({ type, address }) =>
    line(
      'warn',
      type,
      `most clients seem to be ${bounded(address, MAX_NAME)}: ${TRUST_IT(bounded(address, MAX_NAME))}`,
      {
        ip: bounded(address, MAX_NAME),
      },
    ),
  worker_ended: ({ type, worker, how, connections, replacedInMs }) =>
    line(
      'error',
      type,
      `worker ${worker} ended (${bounded(how, MAX_NAME)}): its ${connections} connections are closed`,
      {
        worker,
        how: bounded(how, MAX_NAME),
        connections,
        replaced_in_ms: replacedInMs,
      },
    ),
  stopped: ({ type }) => line('info', type, 'stopped'),
} satisfies Lines
