/** An admitted upgrade on its way to be a session: the backend is dialled, and its answer passed on. */
import { allowedRsv, droppable } from '../frames/extensions.ts'
import type { Initiator } from '../observe/events.ts'
import type { Admission, Granted, Permit } from '../policy/admit.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import type { Reason } from '../policy/reasons.ts'
import { disagreement, extensionsTold, relayAnswer, switchAnswer } from './backend-answer.ts'
import { backendHandshake } from './backend-handshake.ts'
import { dial } from './dial.ts'
import type { Dialled, Failure } from './dialled.ts'
import { LEFT } from './first-message.ts'
import { valuesOf } from './headers.ts'
import { Overhearing } from './overhearing.ts'
import type { Opened, Upgrade } from './pending-upgrade.ts'
import { closeWith, deliver, sayNo } from './refuse.ts'
import { Rights } from './rights.ts'
import { Session } from './session.ts'
import type { ProxyPolicy, UpgradeContext } from './upgrade-context.ts'
import type { UpstreamPool } from './upstream.ts'

type ProxyAdmission = Admission<unknown>

/** An upgrade that was judged, and let in. */
export interface Admitted {
  readonly upgrade: Upgrade
  readonly admission: Granted<UpstreamPool | undefined>
  /** The policy that judged it: a reload may have brought another meanwhile. */
  readonly policy: ProxyPolicy
  /** When the request came, on the monotonic clock; the time that a first message took is left out. */
  readonly started: number
  /** Tells how it was judged: once, where that was not told yet. */
  readonly decide?: ((admission: ProxyAdmission) => void) | undefined
}

/** An admitted upgrade until it is a session: whatever happens, what the permit holds is given back once. */
export class Attempt {
  readonly #upgrade: Upgrade
  readonly #permit: Permit<UpstreamPool | undefined>
  readonly #result: 'success' | 'would_reject'
  readonly #policy: ProxyPolicy
  readonly #started: number
  readonly #context: UpgradeContext
  readonly #admission: Admitted['admission']
  /** Until it was told. */
  #decide: Admitted['decide']

  constructor({ upgrade, admission, policy, started, decide }: Admitted, context: UpgradeContext) {
    this.#upgrade = upgrade
    this.#admission = admission
    this.#decide = decide
    this.#permit = admission.permit
    this.#result = admission.findings.length === 0 ? 'success' : 'would_reject'
    this.#policy = policy
    this.#started = started
    this.#context = context
  }

  /** Never rejects: a fault of ours is `internal_error`. */
  async run(): Promise<void> {
    try {
      if (this.#upgrade.gone.aborted) return this.#abandon()
      const passing = this.#arrive(await this.#dial())
      if (passing) await passing
    } catch (error) {
      this.#upgrade.take()
      this.#refuse('internal_error', error instanceof Error ? error.message : 'the upgrade failed')
    }
  }

  /** The backend has answered, or did not. What is not at once over is its answer on the way to the client. */
  #arrive(dialled: Dialled): Promise<void> | void {
    if (this.#upgrade.gone.aborted) {
      if (dialled.kind === 'switched') dialled.socket.destroy()
      if (dialled.kind === 'answered') dialled.response.destroy()
      return this.#abandon()
    }
    const { opened } = this.#upgrade
    if (opened) return this.#agree(dialled, opened)
    if (dialled.kind === 'switched') return this.#begin(dialled)
    // What the client sent after its request is no frame now, and must not become a request either (trap 4).
    this.#upgrade.take()
    if (dialled.kind === 'failed') return this.#refuse(dialled.reason, dialled.detail)
    this.#answered('upstream_error')
    // No session can come of it: a client that is slow to read the rest holds no place of another.
    this.#close(dialled.response.statusCode ?? 502, '', 'the backend answered without switching', 'upstream')
    return relayAnswer(dialled.response, this.#upgrade, this.#context)
  }

  #dial(): Promise<Dialled> {
    const { handshakeTimeout: timeoutMs, observe, clock, wheel, isRaw } = this.#context
    const { request, opened } = this.#upgrade
    const handshake = backendHandshake(request, this.#permit, this.#policy, opened)
    const candidates = this.#permit.route.upstreams?.candidates() ?? []
    const report = ({ upstream, detail }: Failure) => observe({ type: 'upstream_failed', upstream, detail })
    return dial(candidates, handshake, { timeoutMs, clock, wheel, isRaw, gone: this.#upgrade.gone }, report)
  }

  /** The client has its 101 already: the backend agrees to it, or there is no session. */
  #agree(dialled: Dialled, opened: Opened): void {
    const wrong = dialled.kind === 'switched' ? disagreement(dialled.response, opened) : 'it did not switch'
    if (dialled.kind === 'switched' && wrong === undefined) return this.#begin(dialled)
    this.#upgrade.take()
    if (dialled.kind === 'failed') return this.#refuse(dialled.reason, dialled.detail)
    if (dialled.kind === 'switched') dialled.socket.destroy()
    else dialled.response.destroy()
    this.#refuse('upstream_unreachable', `the backend answered otherwise than the client was told: ${wrong}`)
  }

  #begin({ response, socket: upstream, head: upstreamHead }: Extract<Dialled, { kind: 'switched' }>): void {
    const { connection, route } = this.#permit
    const clientHead = this.#upgrade.take()
    const client = this.#upgrade.side
    const greeting = this.#upgrade.opened ? undefined : switchAnswer(response, connection, route)
    const { later } = this.#admission
    const tookMs = this.#tookMs
    if (!later) this.#answered(this.#result, tookMs)
    const chosen = valuesOf(response.rawHeaders, 'sec-websocket-extensions').join(', ') || undefined
    const extensions = chosen && extensionsTold(chosen, route)
    const rsv = allowedRsv(extensions)
    const told = (judged: ProxyAdmission) => this.#told(judged, tookMs, () => session)
    const overhearing = later && new Overhearing(later, rsv, this.#context, told)
    const pair = {
      permit: this.#permit,
      overhearing,
      client,
      greeting,
      clientHead,
      upstream,
      upstreamHead,
      rsv,
      extensions,
      droppable: droppable(extensions),
    }
    // A reload may have come while the client was waited for, or the backend was dialled.
    const current = this.#context.policy().routes.get(route.name) ?? route
    if (!later) this.#shed(current)
    const session: Session = new Session(pair, this.#context)
    if (current !== route) session.adopt(current)
    this.#context.sessions.add(session, new Rights(current, this.#permit, session, this.#context))
  }

  /** A dry run heard what it waited for, or did not. What is enforced behind the token ends the session now. */
  #told(judged: ProxyAdmission, tookMs: number, session: () => Session): void {
    this.#decide?.(judged)
    this.#decide = undefined
    if (judged.granted) this.#answered(judged.findings.length === 0 ? 'success' : 'would_reject', tookMs)
    else session().conclude(judged.refusal)
    this.#shed(this.#context.policy().routes.get(judged.route.name) ?? judged.route)
  }

  /** Of the handshake only what may be asked again is kept. */
  #shed(route: RoutePolicy): void {
    if (!asksAgain(route)) this.#permit.shed()
  }

  #refuse(reason: Reason, detail: string): void {
    const { connection, route } = this.#permit
    const answers = this.#context.answers()
    const no = this.#upgrade.opened ? closeWith(reason, answers) : sayNo(reason, connection, route, answers)
    this.#answered('upstream_error')
    deliver(no, this.#upgrade, this.#context.linger)
    this.#close(no.code, reason, detail, 'proxy')
  }

  #abandon(): void {
    this.#upgrade.take()
    this.#upgrade.destroy()
    this.#answered('upstream_error')
    this.#close(1006, '', 'the client left before the answer', 'client')
  }

  /** No session came about. */
  #close(code: number, reason: Reason | '', detail: string, initiator: Initiator): void {
    const { connection, route } = this.#permit
    const { observe, clock } = this.#context
    this.#permit.release()
    this.#admission.later?.refuse(LEFT)
    const traffic = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
    const durationMs = clock() - this.#started
    const end = { opened: false, code, reason, detail, initiator, durationMs, traffic, violations: new Map() }
    observe({ type: 'closed', connection, route: route.name, ...end })
  }

  get #tookMs(): number {
    return this.#context.clock() - this.#started
  }

  #answered(result: 'success' | 'would_reject' | 'upstream_error', tookMs = this.#tookMs): void {
    const { connection, route } = this.#permit
    this.#decide?.(this.#admission)
    this.#decide = undefined
    this.#context.observe({ type: 'answered', connection, route: route.name, result, tookMs })
  }
}

/** A service that is asked again may be told of the request's headers, and a newer token be judged by its query. */
const asksAgain = ({ steps, refresh }: RoutePolicy) =>
  refresh !== undefined || steps.some(({ recheckMs }) => recheckMs !== undefined)
