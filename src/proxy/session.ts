/**
 * A permitted pair client and upstream: two directions, and how they end. The end is recorded once, each side gets a
 * Close where one can still be put in, and {@link CLOSING_MS} later both sockets are gone.
 */
import type { Close } from '../frames/close.ts'
import type { Frame, Peer, Violation } from '../frames/frame.ts'
import { closeFrame, textFrame } from '../frames/writer.ts'
import type { Traffic, Violated } from '../observe/events.ts'
import type { SessionView } from '../observe/session-view.ts'
import type { Permit } from '../policy/admit.ts'
import { type Finding, weigh } from '../policy/finding.ts'
import { FrameInspector } from '../policy/inspect.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import type { Reason } from '../policy/reasons.ts'
import { refuse } from '../policy/verdict.ts'
import { boundClosing } from './closing.ts'
import { Direction } from './direction.ts'
import { brokenBy, type CloseText, type End, GONE, lost, other, REASON_OF_CODE, UNKNOWN } from './end.ts'
import { Heartbeat } from './heartbeat.ts'
import { Life } from './life.ts'
import type { Overhearing } from './overhearing.ts'
import { isRead, Readings } from './readings.ts'
import type { Pair, SessionContext } from './session-context.ts'
import { type Told, ToldByDirection, ToldByWire } from './session-told.ts'
import { Tally } from './tally.ts'
import type { Deadline } from './wheel.ts'
import type { Wire } from './wire.ts'

export class Session implements SessionView, Told {
  readonly since: number
  /** The same on the monotonic clock. */
  readonly #opened: number
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
  readonly #life: Life
  #readings: Readings | undefined
  readonly #rsv: Pair['rsv']
  readonly #extensions: string | undefined
  #open = 2

  constructor(pair: Pair, context: SessionContext) {
    const { rsv, permit, greeting, clientHead, upstreamHead } = pair
    const { connection, route } = permit
    this.#permit = permit
    this.#route = route
    this.#rsv = rsv
    this.#extensions = pair.extensions
    this.#context = context
    this.since = context.now()
    this.#opened = context.clock()
    this.#tally = new Tally(context.totals(route.name))
    this.#inspector = new FrameInspector(connection, route.frames, (finding) => this.#count(finding), pair.droppable)
    this.#client = context.makeWire(pair.client, new ToldByWire(this, 'client'))
    this.#upstream = context.makeWire(pair.upstream, new ToldByWire(this, 'upstream'))
    const later = (time: number, run: () => void) => context.wheel.at(time, () => this.#run(run))
    const [client, upstream, now] = [this.#client, this.#upstream, context.frameClock]
    const check = route.validateUtf8 ? 'text' : 'nothing'
    const heartbeat = new Heartbeat()
    const up = { sender: 'client', rsv, check, now, later, from: client, to: upstream, heartbeat } as const
    this.#up = new Direction(up, new ToldByDirection(this, 'client'))
    const down = { sender: 'upstream', rsv, check: 'nothing', now, later, from: upstream, to: client } as const
    this.#down = new Direction(down, new ToldByDirection(this, 'upstream'))
    this.#life = new Life(route, this, { context, up: this.#up, down: this.#down, heartbeat, permit })
    if (pair.overhearing || isRead(route)) this.#readings = this.#read('first', pair.overhearing)
    permit.opened(this)
    if (greeting) this.#client.write(greeting)
    if (upstreamHead.length > 0) this.read('upstream', upstreamHead)
    for (const chunk of clientHead) this.read('client', chunk)
    this.#up.resume()
    this.#down.resume()
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

  /**
   * Ends the connection from our side: both sides get the reason's code and text.
   * @param notice a text message for the client before that
   */
  end(reason: Reason, detail = '', notice?: string): void {
    const answer = this.#context.answers()[reason]
    this.#record({ code: answer.code, reason, detail, initiator: 'proxy' })
    this.#closeBoth(answer, answer, notice)
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
    if (this.#readings) this.#readings.adopt(route)
    else if (isRead(route)) this.#readings = this.#read('later')
    this.#life.adopt(route)
  }

  read(side: Peer, chunk: Uint8Array): void {
    try {
      if (side === 'client') this.#readings?.overhear(chunk)
      this.#from(side).receive(chunk)
    } catch (error) {
      this.#fail(error)
    }
  }

  #read(began: 'first' | 'later', overhearing?: Overhearing): Readings {
    const told = { found: (finding: Finding) => this.#count(finding), renewed: () => this.#life.renew() }
    const parts = { ...this.#context, ...told, up: this.#up, down: this.#down, holder: this }
    const pair = { permit: this.#permit, rsv: this.#rsv, extensions: this.#extensions, overhearing }
    return new Readings(pair, this.#route, began, parts)
  }

  lookAt(time: number): Deadline {
    return this.#context.wheel.at(time, () => this.#run(() => this.#life.look()))
  }

  #run(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#fail(error)
    }
  }

  queued(side: Peer): number {
    return side === 'client' ? this.#client.queued() : this.#upstream.queued()
  }

  /** A fault of ours ends this session, not the process. */
  #fail(error: unknown): void {
    this.end('internal_error', error instanceof Error ? error.message : 'the relay failed')
    this.destroy()
  }

  /** The direction that a side sends in; the other side receives it. */
  #from(side: Peer): Direction {
    return side === 'client' ? this.#up : this.#down
  }

  filled(side: Peer): void {
    this.#from(other(side)).out.stall()
  }

  drained(side: Peer): void {
    this.#from(other(side)).drained()
  }

  left(side: Peer): void {
    this.#from(side).afterwards(() => this.#left(side))
  }

  /** Of what the backend sends no frame is judged. */
  judge(sender: Peer, frame: Frame): Finding | undefined {
    return sender === 'client' ? this.#inspector.judge(frame) : undefined
  }

  message(sender: Peer): void {
    if (sender === 'client') this.#tally.messageIn()
    else this.#tally.messageOut()
  }

  forwarded(sender: Peer, bytes: number): void {
    if (sender === 'client') this.#tally.bytesIn(bytes)
    else this.#tally.bytesOut(bytes)
  }

  stalled(sender: Peer): void {
    this.#life.stalled(other(sender))
  }

  closed(sender: Peer, { code = 1005, reason }: Close): void {
    this.#record({ code, reason: '', detail: reason, initiator: sender })
    this.#arm()
  }

  answered(sender: Peer): void {
    this.#from(other(sender)).out.finish()
  }

  violated(sender: Peer, { code, detail }: Violation): 'stop' | 'pass' {
    if (sender === 'upstream') return this.#upstreamViolated({ code, detail })
    const finding = weigh({ check: 'frames', mode: this.#route.mode }, refuse(REASON_OF_CODE[code], detail))
    this.#count(finding)
    if (!finding.counted) return 'pass'
    this.end(finding.reason, detail)
    return 'stop'
  }

  /** The backend broke the protocol: to the client that is a bad gateway. */
  #upstreamViolated({ code, detail }: Violation): 'stop' | 'pass' {
    if (this.#route.mode === 'dry-run') return 'pass'
    this.#record(brokenBy(detail))
    this.#closeBoth(GONE.upstream, { code, text: '' })
    return 'stop'
  }

  /** No frame is to blame: its time is up, or a newer connection took its place. A dry run only says so. */
  conclude(finding: Finding): void {
    if (this.#end) return
    if (finding.counted) this.end(finding.reason, finding.detail)
    else this.#count(finding, { subject: 'connection' })
  }

  /** A side sent FIN. Without a Close before it, the other side is told. */
  #left(side: Peer): void {
    const direction = this.#from(side)
    direction.out.break()
    if (!direction.out.isSealed) this.#vanished(side)
    const isOurs = this.#down.out.saidClose && this.#up.out.saidClose
    if (side === 'client') this.#upstream.end()
    // A FIN right behind our Close can hide it from a client, who is to answer first (RFC 6455 section 7.1.1).
    if (side === 'upstream' ? this.#up.isFinished || !isOurs : isOurs) this.#client.end()
    this.#arm()
  }

  /** A side's socket is gone. */
  gone(side: Peer): void {
    this.#left(side)
    this.#from(other(side)).receiverLeft()
    this.#open--
    if (this.#open === 0) this.#finish()
  }

  #vanished(side: Peer): void {
    const direction = this.#from(side)
    this.#record(lost(side, direction.out.isCut))
    direction.close(closeFrame(GONE[side].code, GONE[side].text, other(side)))
  }

  #closeBoth(toClient: CloseText, toUpstream: CloseText, notice?: string): void {
    const message = notice === undefined ? undefined : textFrame(notice, 'client')
    this.#down.close(closeFrame(toClient.code, toClient.text, 'client'), message)
    this.#up.close(closeFrame(toUpstream.code, toUpstream.text, 'upstream'))
    this.#arm()
  }

  #record(end: End): void {
    this.#end ??= end
    this.#life.stop()
  }

  #arm(): void {
    const sides = [this.#client, this.#upstream]
    this.#closing ??= boundClosing({ ...this.#context, sides, traffic: this.traffic, destroy: () => this.destroy() })
  }

  #count(finding: Finding, subject: Pick<Violated, 'subject'> = {}): void {
    if (finding.action === 'error' && finding.notice) this.#down.out.say(textFrame(finding.notice, 'client'))
    if (this.#tally.violation(finding) === 'again') return
    const { connection, route } = this.#permit
    this.#context.observe({ type: 'violated', connection, route: route.name, finding, ...subject })
  }

  #finish(): void {
    this.#closing?.cancel()
    this.#life.stop()
    this.#readings?.release()
    this.#tally.end()
    this.#permit.release()
    this.#context.ended(this)
    const { connection, route } = this.#permit
    const { traffic, violations } = this.#tally
    const durationMs = this.#context.clock() - this.#opened
    const closed = { ...(this.#end ?? UNKNOWN), opened: true, durationMs, traffic, violations }
    this.#context.observe({ type: 'closed', connection, route: route.name, ...closed })
  }
}
