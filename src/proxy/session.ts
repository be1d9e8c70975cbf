/**
 * A permitted pair client and upstream: two directions, and how they end. The end is recorded once, each side gets a
 * Close where one can still be put in, and {@link CLOSING_MS} later both sockets are gone.
 */
import type { Duplex } from 'node:stream'
import type { AllowedRsv } from '../frames/extensions.ts'
import type { Frame, Peer, Violation } from '../frames/frame.ts'
import { closeFrame } from '../frames/writer.ts'
import type { Observe, RouteTotals, Traffic } from '../observe/events.ts'
import type { SessionView } from '../observe/session-view.ts'
import type { Permit } from '../policy/admit.ts'
import type { Answers } from '../policy/answers.ts'
import { type Finding, weigh } from '../policy/finding.ts'
import { FrameInspector } from '../policy/inspect.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import type { Reason } from '../policy/reasons.ts'
import { refuse } from '../policy/verdict.ts'
import { Direction } from './direction.ts'
import { type CloseText, type End, GONE, REASON_OF_CODE } from './end.ts'
import { Tally } from './tally.ts'
import type { Deadline, Wheel } from './wheel.ts'
import { socketWire, type Wire } from './wire.ts'

/** How long the rest of a closing may take: the other side's answer, what it still sends, its FIN (traps 12, 44). */
export const CLOSING_MS = 5000

/** How often that time is given again to a side that is slow but still reading. */
const CLOSINGS = 12

/** What sessions share. */
export interface SessionContext {
  /** Runs on `clock`. */
  readonly wheel: Wheel
  /** ms since the epoch. */
  readonly now: () => number
  /** ms, monotonic: what frames and deadlines are timed with. */
  readonly clock: () => number
  readonly observe: Observe
  readonly answers: () => Answers
  readonly totals: (route: string) => RouteTotals
  /** Told when both sockets are gone. */
  readonly ended: (session: Session) => void
}

/** Two sockets after a 101, with what came glued to either handshake. */
export interface Pair {
  readonly permit: Permit
  readonly client: Duplex
  readonly clientHead: readonly Uint8Array[]
  readonly upstream: Duplex
  readonly upstreamHead: Uint8Array
  readonly rsv: AllowedRsv
}

export class Session implements SessionView {
  readonly since: number
  readonly #permit: Permit
  /** The permit's, or what a reload made of it. */
  #route: RoutePolicy
  readonly #context: SessionContext
  readonly #tally: Tally
  readonly #inspector: FrameInspector
  readonly #client: Wire
  readonly #upstream: Wire
  readonly #up: Direction
  readonly #down: Direction
  #end: End | undefined
  #closing: Deadline | undefined
  #expiry: Deadline | undefined
  #open = 2

  constructor(pair: Pair, context: SessionContext) {
    const { connection, route } = pair.permit
    this.#permit = pair.permit
    this.#route = route
    this.#context = context
    this.since = context.now()
    this.#tally = new Tally(context.totals(route.name))
    this.#inspector = new FrameInspector(connection, route.frames, (finding) => this.#count(finding))
    this.#client = socketWire(pair.client, this.#wireEvents('client'))
    this.#upstream = socketWire(pair.upstream, this.#wireEvents('upstream'))
    const { rsv } = pair
    const { clock: now } = context
    const [client, upstream] = [this.#client, this.#upstream]
    const check = route.validateUtf8 ? 'text' : 'nothing'
    this.#up = new Direction({ sender: 'client', rsv, check, now, from: client, to: upstream }, this.#upEvents())
    const down = { sender: 'upstream', rsv, check: 'nothing', now, from: upstream, to: client } as const
    this.#down = new Direction(down, this.#downEvents())
    this.#start(pair)
  }

  get id(): string {
    return this.#permit.connection.id
  }
  get route(): string {
    return this.#permit.route.name
  }
  get ip(): string {
    return this.#permit.connection.ip
  }
  get user(): string | undefined {
    return this.#permit.connection.user
  }
  get traffic(): Traffic {
    return this.#tally.traffic
  }
  get origin(): string | undefined {
    return this.#permit.connection.header('origin')[0]
  }

  /** Ends the connection from our side: both sides get the reason's code and text. */
  end(reason: Reason, detail = ''): void {
    const answer = this.#context.answers()[reason]
    this.#record({ code: answer.code, reason, detail, initiator: 'proxy' })
    this.#closeBoth(answer, answer)
  }

  /** Ends it with no more waiting. */
  destroy(): void {
    this.#client.destroy()
    this.#upstream.destroy()
  }

  /** Takes its route as a reload has made it. */
  adopt(route: RoutePolicy): void {
    this.#route = route
    this.#inspector.adopt(route.frames)
  }

  #start({ permit, clientHead, upstreamHead }: Pair): void {
    const { expiresAt } = permit.connection
    const { wheel, clock, now } = this.#context
    // Deadlines run on the monotonic clock; a token's end is a date.
    if (expiresAt !== undefined) this.#expiry = wheel.at(clock() + expiresAt - now(), () => this.#expire())
    if (upstreamHead.length > 0) this.#read('upstream', upstreamHead)
    for (const chunk of clientHead) this.#read('client', chunk)
    this.#client.resume()
    this.#upstream.resume()
  }

  #wireEvents(side: Peer) {
    return {
      read: (chunk: Uint8Array) => this.#read(side, chunk),
      drained: () => this.#other(side).resume(),
      ended: () => this.#left(side),
      closed: () => this.#gone(side),
    }
  }

  /** A fault of ours ends this session, not the process. */
  #read(side: Peer, chunk: Uint8Array): void {
    try {
      this.#from(side).receive(chunk)
    } catch (error) {
      this.end('internal_error', error instanceof Error ? error.message : 'the relay failed')
      this.destroy()
    }
  }

  #other(side: Peer): Wire {
    return side === 'client' ? this.#upstream : this.#client
  }

  /** The direction that a side sends in. */
  #from(side: Peer): Direction {
    return side === 'client' ? this.#up : this.#down
  }

  #upEvents() {
    const tally = this.#tally
    return {
      judge: (frame: Frame) => this.#inspector.judge(frame),
      message: () => tally.messageIn(),
      forwarded: (bytes: number) => tally.bytesIn(bytes),
      refused: (finding: Finding) => this.end(finding.reason, finding.detail),
      violated: (violation: Violation) => this.#violated(violation),
      ...this.#closeEvents('client'),
    }
  }

  #downEvents() {
    const tally = this.#tally
    return {
      // Nothing judges what the backend sends.
      judge: () => undefined,
      refused: () => {},
      message: () => tally.messageOut(),
      forwarded: (bytes: number) => tally.bytesOut(bytes),
      violated: (violation: Violation) => this.#upstreamViolated(violation),
      ...this.#closeEvents('upstream'),
    }
  }

  #closeEvents(side: Peer) {
    return {
      closed: ({ code = 1005, reason }: { code: number | undefined; reason: string }) => {
        this.#record({ code, reason: '', detail: reason, initiator: side })
        this.#arm()
      },
      answered: () => (side === 'client' ? this.#down : this.#up).finish(),
    }
  }

  #violated({ code, detail }: Violation): 'stop' | 'pass' {
    const step = { check: 'frames', mode: this.#route.mode }
    const finding = weigh(step, refuse(REASON_OF_CODE[code], detail))
    this.#count(finding)
    if (!finding.counted) return 'pass'
    this.end(finding.reason, detail)
    return 'stop'
  }

  /** The backend broke the protocol: to the client that is a bad gateway. */
  #upstreamViolated({ code, detail }: Violation): 'stop' | 'pass' {
    if (this.#route.mode === 'dry-run') return 'pass'
    const reason = 'protocol_error'
    this.#record({ code: GONE.upstream.code, reason, detail: `upstream: ${detail}`, initiator: 'upstream' })
    this.#closeBoth(GONE.upstream, { code, text: '' })
    return 'stop'
  }

  /** The token ended. A dry run of the token check only says so. */
  #expire(): void {
    const step = { check: 'token', mode: this.#route.tokenMode }
    const finding = weigh(step, refuse('token_expired', 'the token of an open connection expired'))
    this.#count(finding)
    if (finding.counted) this.end(finding.reason, finding.detail)
  }

  /** A side sent FIN. Without a Close before it, the other side is told. */
  #left(side: Peer): void {
    const direction = this.#from(side)
    direction.senderLeft()
    if (!direction.isSealed) this.#vanished(side)
    this.#other(side).end()
    this.#arm()
  }

  /** A side's socket is gone. */
  #gone(side: Peer): void {
    this.#left(side)
    // What it did not take will never drain.
    this.#other(side).resume()
    this.#open--
    if (this.#open === 0) this.#finish()
  }

  #vanished(side: Peer): void {
    const direction = this.#from(side)
    const code = side === 'upstream' && !direction.isCut ? GONE.upstream.code : 1006
    this.#record({ code, reason: '', detail: 'no Close before the end', initiator: side })
    const to = side === 'client' ? 'upstream' : 'client'
    direction.close(closeFrame(GONE[side].code, GONE[side].text, to))
  }

  #closeBoth(toClient: CloseText, toUpstream: CloseText): void {
    this.#down.close(closeFrame(toClient.code, toClient.text, 'client'))
    this.#up.close(closeFrame(toUpstream.code, toUpstream.text, 'upstream'))
    this.#arm()
  }

  #record(end: End): void {
    this.#end ??= end
  }

  #arm(): void {
    this.#closing ??= this.#deadline(CLOSINGS, Number.POSITIVE_INFINITY)
  }

  /** Ends it by force, unless a slow side is still taking what was sent before the Close. */
  #deadline(rounds: number, queuedBefore: number): Deadline {
    return this.#context.wheel.at(this.#context.clock() + CLOSING_MS, () => {
      const queued = this.#client.queued() + this.#upstream.queued()
      if (queued === 0 || queued >= queuedBefore || rounds <= 1) return this.destroy()
      this.#closing = this.#deadline(rounds - 1, queued)
    })
  }

  #count(finding: Finding): void {
    if (this.#tally.violation(finding) === 'again') return
    const { connection, route } = this.#permit
    this.#context.observe({ type: 'violated', connection, route: route.name, finding })
  }

  #finish(): void {
    this.#closing?.cancel()
    this.#expiry?.cancel()
    this.#tally.end()
    this.#permit.release()
    this.#context.ended(this)
    const { connection, route } = this.#permit
    const end: End = this.#end ?? { code: 1006, reason: '', detail: '', initiator: 'proxy' }
    const durationMs = this.#context.now() - this.since
    const { traffic, violations } = this.#tally
    this.#context.observe({ type: 'closed', connection, route: route.name, ...end, durationMs, traffic, violations })
  }
}
