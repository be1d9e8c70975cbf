/** An admitted upgrade on its way to be a session: the backend is dialled, and its answer passed on. */
import { allowedRsv, droppable } from '../frames/extensions.ts'
import type { Initiator } from '../observe/events.ts'
import type { Granted, Permit } from '../policy/admit.ts'
import type { Reason } from '../policy/reasons.ts'
import { extensionsTold, relayAnswer, switchAnswer } from './backend-answer.ts'
import { backendHandshake } from './backend-handshake.ts'
import { dial } from './dial.ts'
import type { Dialled, Failure } from './dialled.ts'
import { valuesOf } from './headers.ts'
import type { Upgrade } from './pending-upgrade.ts'
import { deliver, sayNo } from './refuse.ts'
import { Rights } from './rights.ts'
import { Session } from './session.ts'
import type { ProxyPolicy, UpgradeContext } from './upgrade-context.ts'
import type { UpstreamPool } from './upstream.ts'

/** An upgrade that was judged, and let in. */
export interface Admitted {
  readonly upgrade: Upgrade
  readonly admission: Granted<UpstreamPool | undefined>
  /** The policy that judged it: a reload may have brought another meanwhile. */
  readonly policy: ProxyPolicy
  /** When the request came, on the monotonic clock. */
  readonly started: number
}

/** An admitted upgrade until it is a session: whatever happens, what the permit holds is given back once. */
export class Attempt {
  readonly #upgrade: Upgrade
  readonly #permit: Permit<UpstreamPool | undefined>
  readonly #result: 'success' | 'would_reject'
  readonly #policy: ProxyPolicy
  readonly #started: number
  readonly #context: UpgradeContext

  constructor({ upgrade, admission, policy, started }: Admitted, context: UpgradeContext) {
    this.#upgrade = upgrade
    this.#permit = admission.permit
    this.#result = admission.findings.length === 0 ? 'success' : 'would_reject'
    this.#policy = policy
    this.#started = started
    this.#context = context
  }

  /** Never rejects: a fault of ours is `internal_error`. */
  async run(): Promise<void> {
    try {
      await this.#proceed()
    } catch (error) {
      this.#upgrade.take()
      this.#refuse('internal_error', error instanceof Error ? error.message : 'the upgrade failed')
    }
  }

  async #proceed(): Promise<void> {
    const { gone } = this.#upgrade
    if (gone.aborted) return this.#abandon()
    const dialled = await this.#dial()
    if (gone.aborted) {
      if (dialled.kind === 'switched') dialled.socket.destroy()
      if (dialled.kind === 'answered') dialled.response.destroy()
      return this.#abandon()
    }
    if (dialled.kind === 'switched') return this.#begin(dialled)
    // What the client sent after its request is no frame now, and must not become a request either (trap 4).
    this.#upgrade.take()
    if (dialled.kind === 'failed') return this.#refuse(dialled.reason, dialled.detail)
    this.#answered('upstream_error')
    // No session can come of it: a client that is slow to read the rest holds no place of another.
    this.#close(dialled.response.statusCode ?? 502, '', 'the backend answered without switching', 'upstream')
    await relayAnswer(dialled.response, this.#upgrade, this.#context)
  }

  #dial(): Promise<Dialled> {
    const { handshakeTimeout: timeoutMs, observe, clock, wheel } = this.#context
    const handshake = backendHandshake(this.#upgrade.request, this.#permit, this.#policy)
    const candidates = this.#permit.route.upstreams?.candidates() ?? []
    const report = ({ upstream, detail }: Failure) => observe({ type: 'upstream_failed', upstream, detail })
    return dial(candidates, handshake, { timeoutMs, clock, wheel, gone: this.#upgrade.gone }, report)
  }

  #begin({ response, socket: upstream, head: upstreamHead }: Extract<Dialled, { kind: 'switched' }>): void {
    const { connection, route } = this.#permit
    const client = this.#upgrade.socket
    const clientHead = this.#upgrade.take()
    client.write(switchAnswer(response, connection, route))
    this.#answered(this.#result)
    const chosen = valuesOf(response.rawHeaders, 'sec-websocket-extensions').join(', ') || undefined
    const extensions = chosen && extensionsTold(chosen, route)
    const pair = {
      permit: this.#permit,
      client,
      clientHead,
      upstream,
      upstreamHead,
      rsv: allowedRsv(extensions),
      extensions,
      droppable: droppable(extensions),
    }
    // A reload may have come while the backend was dialled.
    const current = this.#context.policy().routes.get(route.name) ?? route
    // A service that is asked again may be told of the request's headers.
    if (current.steps.every(({ recheckMs }) => recheckMs === undefined)) this.#permit.shed()
    const session = new Session(pair, this.#context)
    this.#context.sessions.add(session, new Rights(current, this.#permit.connection, session, this.#context))
  }

  #refuse(reason: Reason, detail: string): void {
    const { connection, route } = this.#permit
    const no = sayNo(reason, connection, route, this.#context.answers())
    this.#answered('upstream_error')
    deliver(no, this.#upgrade, this.#context.linger)
    this.#close(no.code, reason, detail, 'proxy')
  }

  #abandon(): void {
    this.#upgrade.take()
    this.#upgrade.socket.destroy()
    this.#answered('upstream_error')
    this.#close(1006, '', 'the client left before the answer', 'client')
  }

  /** No session came about. */
  #close(code: number, reason: Reason | '', detail: string, initiator: Initiator): void {
    const { connection, route } = this.#permit
    const { observe, clock } = this.#context
    this.#permit.release()
    const traffic = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
    const durationMs = clock() - this.#started
    const end = { opened: false, code, reason, detail, initiator, durationMs, traffic, violations: new Map() }
    observe({ type: 'closed', connection, route: route.name, ...end })
  }

  #answered(result: 'success' | 'would_reject' | 'upstream_error'): void {
    const { connection, route } = this.#permit
    const tookMs = this.#context.clock() - this.#started
    this.#context.observe({ type: 'answered', connection, route: route.name, result, tookMs })
  }
}
