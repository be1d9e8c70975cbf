/** One upgrade, from its request to a session or a refusal. */
import { TLSSocket } from 'node:tls'
import type { Close } from '../frames/close.ts'
import { type Admission, admitOrWait, type Denied, type Granted, type Waiting } from '../policy/admit.ts'
import { rawAnswer } from './answer.ts'
import { type Admitted, Attempt } from './attempt.ts'
import { describe } from './describe.ts'
import { isRefusal } from './first-message.ts'
import { badHandshake } from './handshake.ts'
import { hearFirst } from './hear-first.ts'
import { peerOf } from './peer.ts'
import { Upgrade } from './pending-upgrade.ts'
import { hidesClient, peerAddress } from './proxied-peer.ts'
import { answerTo, closeWith, deliver, type No, sayNo } from './refuse.ts'
import type { ProxyPolicy, UpgradeContext } from './upgrade-context.ts'
import type { UpgradeRequest } from './upgrade-request.ts'
import type { UpstreamPool } from './upstream.ts'
import type { Side } from './wire.ts'

/** Serves one upgrade request. The socket has an error listener already (trap 1). */
export async function serveUpgrade(request: UpgradeRequest, side: Side, head: Uint8Array, context: UpgradeContext) {
  const started = context.clock()
  const upgrade = new Upgrade(request, side, head)
  const bad = badHandshake(request)
  if (bad) {
    context.observe({ type: 'malformed', peer: peerOf(request.socket), status: bad.status, detail: bad.text })
    upgrade.take()
    return context.linger.end(upgrade.socket, rawAnswer(bad.status, bad.text, bad.headers))
  }
  const outcome = judge(upgrade, started, context)
  if (outcome) await context.sessions.track(upgrade, outcome)
}

/** At once, up to the dialling of the backend, where every check knows at once. */
function judge(upgrade: Upgrade, started: number, context: UpgradeContext): Promise<void> | void {
  const policy = context.policy()
  const connection = describe(rawRequest(upgrade.request), policy.trust, { at: context.now(), clock: started })
  const judged = { upgrade, policy, started }
  const admission = admitOrWait(connection, policy)
  if (admission instanceof Promise) return admission.then((later) => proceed(judged, later, context))
  return proceed(judged, admission, context)
}

function proceed(
  judged: Judged,
  admission: Judgement | Waiting<UpstreamPool | undefined>,
  context: UpgradeContext,
): Promise<void> | void {
  if (admission.granted === 'later') return hear(judged, admission, context)
  if (admission.granted && admission.later) return tryDry(judged, admission, context)
  return conclude(judged, admission, context)
}

/** An upgrade that is judged. */
type Judged = Pick<Admitted, 'upgrade' | 'policy' | 'started'>
type Judgement = Admission<UpstreamPool | undefined>

/** @param close a client's, which is answered */
function conclude(judged: Judged, admission: Judgement, context: UpgradeContext, close?: Close): Promise<void> | void {
  const { upgrade, policy, started } = judged
  const tookMs = context.clock() - started
  if (admission.granted) {
    observeDecision(admission, undefined, tookMs, context)
    return new Attempt({ ...judged, admission }, context).run()
  }
  const no = noTo(upgrade, admission, policy)
  observeDecision(admission, no.code, tookMs, context)
  upgrade.take()
  // Its own code is no code of ours: told as one, whatever clients make up would be among them.
  deliver(close ? answerTo(close) : no, upgrade, context.linger)
}

function noTo({ opened }: Upgrade, { refusal, connection, route }: Denied<unknown>, { answers }: ProxyPolicy): No {
  return opened ? closeWith(refusal.reason, answers) : sayNo(refusal.reason, connection, route, answers)
}

/** Lets the client speak first; what it says is judged then. How long it took is its own time. */
async function hear(
  judged: Judged,
  { later, connection }: Waiting<UpstreamPool | undefined>,
  context: UpgradeContext,
): Promise<void> {
  const { upgrade, started } = judged
  const { clock, now } = context
  const since = clock()
  upgrade.open(later.firstMessage.protocolOf(connection))
  const { said, close } = await hearFirst(upgrade, later.firstMessage, context)
  const answered = { ...judged, started: started + clock() - since }
  const admission = isRefusal(said) ? later.refuse(said) : await later.hear({ value: said.value, at: now() })
  await conclude(answered, admission, context, close)
}

/** A dry run waits for nobody: it is relayed at once, and what its first message would have come to is told later. */
function tryDry(judged: Judged, admission: Granted<UpstreamPool | undefined>, context: UpgradeContext): Promise<void> {
  const tookMs = context.clock() - judged.started
  const decide = (found: Admission) => {
    const code = found.granted ? undefined : context.answers()[found.refusal.reason].code
    observeDecision(found, code, tookMs, context)
  }
  return new Attempt({ ...judged, admission, decide }, context).run()
}

/** What `describe` needs of a request. */
export const rawRequest = (request: UpgradeRequest) => ({
  target: request.url ?? '',
  rawHeaders: request.rawHeaders,
  remoteAddress: peerAddress(request.socket),
  hidesClient: hidesClient(request.socket),
  encrypted: request.socket instanceof TLSSocket,
})

function observeDecision(
  admission: Admission<unknown>,
  code: number | undefined,
  tookMs: number,
  context: UpgradeContext,
): void {
  const { connection, route, findings, candidates } = admission
  const query = connection.query === '' ? '' : `?${route.maskQuery(connection.query)}`
  const url = `${printable(connection.path)}${query}`
  const decided = { type: 'decided', connection, route: route.name, findings, candidates, url, tookMs } as const
  if (admission.granted || code === undefined) context.observe(decided)
  else context.observe({ ...decided, refusal: { finding: admission.refusal, code } })
}

/** A path for the log: bounded, and ASCII only. */
const printable = (path: string): string => path.slice(0, 1024).replace(/[^\x21-\x7e]/g, '?')
