/** One upgrade, from its request to a session or a refusal. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { type Admission, admit } from '../policy/admit.ts'
import { rawAnswer } from './answer.ts'
import { Attempt } from './attempt.ts'
import { describe } from './describe.ts'
import { badHandshake } from './handshake.ts'
import { peerOf } from './peer.ts'
import { Upgrade } from './pending-upgrade.ts'
import { hidesClient, peerAddress } from './proxied-peer.ts'
import { deliver, sayNo } from './refuse.ts'
import type { UpgradeContext } from './upgrade-context.ts'

/** Serves one upgrade request. The socket has an error listener already (trap 1). */
export async function serveUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, context: UpgradeContext) {
  const started = context.clock()
  const bad = badHandshake(request)
  if (bad) {
    context.observe({ type: 'malformed', peer: peerOf(socket), status: bad.status, detail: bad.text })
    return context.linger.end(socket, rawAnswer(bad.status, bad.text, bad.headers))
  }
  const upgrade = new Upgrade(request, socket, head)
  await context.sessions.track(upgrade, judge(upgrade, started, context))
}

async function judge(upgrade: Upgrade, started: number, context: UpgradeContext): Promise<void> {
  const { request } = upgrade
  const policy = context.policy()
  const connection = describe(rawRequest(request), policy.trust, { at: context.now(), clock: started })
  const admission = await admit(connection, policy)
  const no = admission.granted
    ? undefined
    : sayNo(admission.refusal.reason, admission.connection, admission.route, policy.answers)
  observeDecision(admission, no?.code, started, context)
  if (admission.granted) return new Attempt({ upgrade, admission, policy, started }, context).run()
  upgrade.take()
  if (no) deliver(no, upgrade, context.linger)
}

/** What `describe` needs of a request. */
export const rawRequest = (request: IncomingMessage) => ({
  target: request.url ?? '',
  rawHeaders: request.rawHeaders,
  remoteAddress: peerAddress(request.socket),
  hidesClient: hidesClient(request.socket),
  encrypted: request.socket instanceof TLSSocket,
})

function observeDecision(
  admission: Admission<unknown>,
  code: number | undefined,
  started: number,
  context: UpgradeContext,
): void {
  const { connection, route, findings, candidates } = admission
  const tookMs = context.clock() - started
  const query = connection.query === '' ? '' : `?${route.maskQuery(connection.query)}`
  const url = `${printable(connection.path)}${query}`
  const refusal = admission.granted || code === undefined ? {} : { refusal: { finding: admission.refusal, code } }
  context.observe({ type: 'decided', connection, route: route.name, findings, candidates, ...refusal, url, tookMs })
}

/** A path for the log: bounded, and ASCII only. */
const printable = (path: string): string => path.slice(0, 1024).replace(/[^\x21-\x7e]/g, '?')
