/** Asks one upstream for the upgrade. A plain 101 is read here; any other answer by node's own client. */
import type { Upstream } from '../net/upstream.ts'
import { readCarefully } from './careful-answer.ts'
import { type Dialled, failure, type Handshake } from './dialled.ts'
import type { Gone } from './gone.ts'
import { type Leg, type LegEvents, openLeg } from './leg.ts'
import { requestText } from './request-text.ts'
import { readSwitchHead } from './switch-head.ts'
import type { Deadline, Wheel } from './wheel.ts'
import { kept } from './wire-buffer.ts'

interface AskTiming {
  /** How long the connection may take to come about, ms. */
  readonly connectMs: number
  /** For all of it, ms. */
  readonly answerMs: number
  /** ms, monotonic: what the wheel runs on. */
  readonly clock: () => number
  readonly wheel: Wheel
  /** Whether the connection is to be a handle alone where it can. */
  readonly isRaw: boolean
  /** Aborts when the client stops waiting; the request ends with it (trap 41). */
  readonly gone: Gone
}

/** Never rejects. */
export function ask(upstream: Upstream, handshake: Handshake, timing: AskTiming): Promise<Dialled> {
  return new Promise((resolve) => {
    try {
      const text = requestText(handshake.target, handshake.headers)
      new Question(upstream, handshake, timing, resolve).send(text)
    } catch (error) {
      resolve(failure(upstream.label, messageOf(error), 'reached'))
    }
  })
}

/** A request that waits for its answer. */
class Question implements LegEvents {
  readonly #upstream: Upstream
  readonly #handshake: Handshake
  readonly #timing: AskTiming
  readonly #resolve: (dialled: Dialled) => void
  readonly #leg: Leg
  /** All that came so far: copies. */
  #received: Buffer | undefined
  #deadline: Deadline

  constructor(upstream: Upstream, handshake: Handshake, timing: AskTiming, resolve: (dialled: Dialled) => void) {
    const { wheel, clock, connectMs, isRaw, gone } = timing
    this.#upstream = upstream
    this.#handshake = handshake
    this.#timing = timing
    this.#resolve = resolve
    this.#leg = openLeg(upstream, isRaw, this)
    this.#deadline = wheel.at(clock() + connectMs, this.#lateConnection)
    gone.addEventListener('abort', this.#leave)
  }

  send(text: string): void {
    this.#leg.send(text)
    // Once its caller can be told.
    if (this.#timing.gone.aborted) queueMicrotask(this.#leave)
  }

  readonly read = (chunk: Buffer): void => {
    const received = this.#received ? Buffer.concat([this.#received, chunk]) : chunk
    const head = readSwitchHead(received, this.#handshake.accept)
    if (typeof head === 'object') {
      const rest = kept(received.subarray(head.length))
      return this.#settle({ kind: 'switched', response: head, socket: this.#leg.hand(), head: rest })
    }
    this.#received = kept(received)
    if (head === 'other') this.#readCarefully()
  }

  readonly ended = (): void => this.#readCarefully()

  /** Node's client is told what was sent so far, and reads on. */
  #readCarefully(): void {
    const begun = { socket: this.#leg.toSocket(), received: this.#received }
    readCarefully(this.#upstream, this.#handshake, begun, (dialled) => this.#settle(dialled))
  }

  readonly failed = (error: NodeJS.ErrnoException): void => {
    this.#settle(failure(this.#upstream.label, messageOf(error), reached(error)))
  }

  readonly #leave = (): void => this.#settle(failure(this.#upstream.label, 'the client left', 'reached'))

  readonly #lateConnection = (): void => {
    const { connectMs, answerMs, clock, wheel } = this.#timing
    if (!this.#leg.isConnected()) this.#late('connection', connectMs)
    else if (answerMs <= connectMs) this.#lateAnswer()
    else this.#deadline = wheel.at(clock() + answerMs - connectMs, this.#lateAnswer)
  }

  readonly #lateAnswer = (): void => this.#late('answer', this.#timing.answerMs)

  #late(what: 'connection' | 'answer', ms: number): void {
    const detail = `no ${what} within ${Math.round(ms)} ms`
    const reach = what === 'connection' ? 'unreached' : 'reached'
    this.#settle({ ...failure(this.#upstream.label, detail, reach), reason: 'upstream_timeout' })
  }

  #settle(dialled: Dialled): void {
    this.#deadline.cancel()
    this.#timing.gone.removeEventListener('abort', this.#leave)
    if (dialled.kind === 'failed') this.#leg.destroy()
    this.#resolve(dialled)
  }
}

const reached = (error: NodeJS.ErrnoException) =>
  error.syscall === 'connect' || error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN' ? 'unreached' : 'reached'

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'failed')
