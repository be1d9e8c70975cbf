/** What is logged of each event: one table. Fields are contract section 6; text from the network is bounded here. */
import type { Connection } from '../policy/connection.ts'
import type { Finding } from '../policy/finding.ts'
import type { Reason } from '../policy/reasons.ts'
import { bounded } from './bounded.ts'
import type { Answered, Closed, Decided, Event, Ticketed, Violated } from './events.ts'

/** The fields of a line in their order, the text for people last. Fields without a value are not written. */
export type Line = { readonly event: Event['type']; readonly msg: string } & Readonly<Record<string, unknown>>

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

/** What lines about a client begin with: spread first, V8 copies it at once, and later field by field. */
const client = (event: Event['type'], connection: Connection, route: string) => ({
  event,
  route: route || 'none',
  type: connection.type ?? 'direct',
  ip: connection.ip,
  user: name(connection.user),
  origin: name(connection.header('origin')[0]),
  parent_origin: name(connection.parentOrigin),
  request_id: name(connection.id),
})

const weight = (finding: Finding) => (finding.counted ? 'rejected' : 'would_reject')

function decided(event: Decided, codeOf: CodeOf): Line {
  const { connection, findings, candidates, refusal } = event
  const finding = refusal?.finding ?? findings[0]
  const { token } = connection
  return {
    ...client('decided', connection, event.route),
    check: finding?.check,
    reason: finding?.reason,
    code: refusal?.code ?? (finding && codeOf(finding.reason)),
    outcome: outcomeOf(event),
    duration_ms: ms(event.tookMs),
    url: event.url,
    token_hash: token?.hash,
    token_length: token?.length,
    token_source: token?.source,
    detail: detail(finding?.detail ?? ''),
    findings: findings.length + candidates.length > Number(finding !== undefined) ? fieldsOf(event) : undefined,
    msg: judgement(event, codeOf),
  }
}

function outcomeOf({ findings, refusal }: Decided): 'admitted' | 'rejected' | 'would_reject' {
  if (refusal) return 'rejected'
  return findings.length > 0 ? 'would_reject' : 'admitted'
}

const fieldsOf = ({ findings, candidates }: Decided) =>
  [...findings, ...candidates].map((finding) => ({
    check: finding.check,
    reason: finding.reason,
    outcome: weight(finding),
    detail: detail(finding.detail),
  }))

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

const answered = (event: Answered): Line => ({
  ...client('answered', event.connection, event.route),
  outcome: event.result,
  duration_ms: ms(event.tookMs),
  msg: `the backend answered: ${event.result}`,
})

const closed = (event: Closed): Line => ({
  ...client('closed', event.connection, event.route),
  reason: event.reason || undefined,
  code: event.code,
  duration_ms: ms(event.durationMs),
  messages_in: event.traffic.messagesIn,
  messages_out: event.traffic.messagesOut,
  bytes_in: event.traffic.bytesIn,
  bytes_out: event.traffic.bytesOut,
  initiator: event.initiator,
  detail: detail(event.detail),
  violations: event.violations.size > 0 ? Object.fromEntries(event.violations) : undefined,
  msg: `closed by ${event.initiator} with ${event.code}`,
})

const violated = ({ connection, route, finding, subject }: Violated): Line => ({
  ...client('violated', connection, route),
  check: finding.check,
  reason: finding.reason,
  action: finding.action,
  outcome: weight(finding),
  detail: detail(finding.detail),
  msg: `${subject ? WOULD_END : WHAT_BECAME[finding.action]}: ${finding.reason}`,
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
  return {
    ...client('ticket', connection, route),
    check: finding?.check,
    reason: finding?.reason,
    code: refusal?.code,
    outcome: refusal ? 'rejected' : 'issued',
    token_hash: connection.token?.hash,
    token_length: connection.token?.length,
    detail: detail(finding?.detail ?? ''),
    msg: refusal ? `no ticket: ${refusal.finding.reason}` : 'a ticket was made',
  }
}

/** Limits per address are limits of all clients together until it is named. */
const TRUST_IT = (address: string) =>
  `if that is your proxy, set trustedProxies: [${address}] (WS_TRUSTED_PROXIES), so that limits per address count its clients one by one`

const SERVICE = {
  failed: 'the authorization service fails: onError decides until it answers',
  answers: 'the authorization service answers again',
} as const

export const LINES = {
  decided,
  answered,
  closed,
  violated,
  ticket: ticketed,
  refreshed: ({ type: event, connection, route }) => ({
    ...client(event, connection, route),
    token_hash: connection.token?.hash,
    token_length: connection.token?.length,
    msg: 'goes on with a newer token',
  }),
  malformed: ({ type: event, peer, status, detail: text }) => ({
    event,
    ip: peer,
    code: status,
    detail: detail(text),
    msg: status ? `malformed request answered with ${status}` : 'malformed connection',
  }),
  started: ({ type: event, listeners, mode, wire, workers }) => ({
    event,
    listeners,
    mode,
    wire,
    workers,
    msg: `started in ${mode} mode`,
  }),
  warning: ({ type: event, message }) => ({ event, msg: bounded(message, MAX_MESSAGE) }),
  reloaded: ({ type: event }) => ({ event, msg: 'the new configuration is in force' }),
  reload_failed: ({ type: event, problems }) => ({
    event,
    problems,
    msg: 'the configuration has problems: the old one stays in force',
  }),
  keys: ({ type: event, url, outcome, detail: text }) => ({
    event,
    url: place(url),
    outcome,
    detail: detail(text),
    msg: `key set ${outcome}`,
  }),
  authorization: ({ type: event, url, outcome, detail: text }) => ({
    event,
    url: place(url),
    outcome,
    detail: detail(text),
    msg: SERVICE[outcome],
  }),
  upstream_failed: ({ type: event, upstream, detail: text }) => ({
    event,
    upstream: place(upstream),
    detail: detail(text),
    msg: 'the backend failed',
  }),
  draining: ({ type: event, open }) => ({ event, open, msg: `draining ${open} open connections` }),
  drained: ({ type: event, forced }) => ({ event, forced, msg: `drained, ${forced} connections ended by force` }),
  administered: ({ type: event, action, peer, detail: text }) => ({
    event,
    action: bounded(action, MAX_NAME),
    ip: peer,
    detail: detail(text),
    msg: `operator: ${bounded(action, MAX_NAME)}`,
  }),
  one_client: ({ type: event, address }) => ({
    event,
    ip: bounded(address, MAX_NAME),
    msg: `most clients seem to be ${bounded(address, MAX_NAME)}: ${TRUST_IT(bounded(address, MAX_NAME))}`,
  }),
  worker_ended: ({ type: event, worker, how, connections, replacedInMs }) => ({
    event,
    worker,
    how: bounded(how, MAX_NAME),
    connections,
    replaced_in_ms: replacedInMs,
    msg: `worker ${worker} ended (${bounded(how, MAX_NAME)}): its ${connections} connections are closed`,
  }),
  stopped: ({ type: event }) => ({ event, msg: 'stopped' }),
} satisfies Lines
