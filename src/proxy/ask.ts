/** Asks one upstream for the upgrade. A plain 101 is read here; any other answer by node's own client. */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Upstream } from '../net/upstream.ts'
import { ignore } from './answer.ts'
import { connectTo } from './backend-connection.ts'
import { readCarefully } from './careful-answer.ts'
import { type Dialled, failure, type Handshake } from './dialled.ts'
import type { Gone } from './gone.ts'
import { requestText } from './request-text.ts'
import { readSwitchHead } from './switch-head.ts'
import type { Deadline, Wheel } from './wheel.ts'

interface AskTiming {
  /** How long the connection may take to come about, ms. */
  readonly connectMs: number
  /** For all of it, ms. */
  readonly answerMs: number
  /** ms, monotonic: what the wheel runs on. */
  readonly clock: () => number
  readonly wheel: Wheel
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
class Question {
  readonly #upstream: Upstream
  readonly #handshake: Handshake
  readonly #timing: AskTiming
  readonly #resolve: (dialled: Dialled) => void
  readonly #socket: Socket
  #received: Buffer | undefined
  #deadline: Deadline

  constructor(upstream: Upstream, handshake: Handshake, timing: AskTiming, resolve: (dialled: Dialled) => void) {
    const { wheel, clock, connectMs, gone } = timing
    this.#upstream = upstream
    this.#handshake = handshake
    this.#timing = timing
    this.#resolve = resolve
    this.#socket = connectTo(upstream)
    this.#deadline = wheel.at(clock() + connectMs, this.#lateConnection)
    gone.addEventListener('abort', this.#leave)
  }

  send(text: string): void {
    this.#socket.on('error', this.#fail)
    this.#socket.on('data', this.#read)
    this.#socket.on('end', this.#end)
    this.#socket.write(text, 'latin1')
    // Once its caller can be told.
    if (this.#timing.gone.aborted) queueMicrotask(this.#leave)
  }

  readonly #read = (chunk: Buffer): void => {
    const received = this.#received ? Buffer.concat([this.#received, chunk]) : chunk
    this.#received = received
    const head = readSwitchHead(received, this.#handshake.accept)
    if (head === 'incomplete') return
    if (head === 'other') return this.#readCarefully()
    this.#release()
    // Its errors are heard by a function of nobody's: the socket may live as long as the session, and this must not.
    this.#socket.on('error', ignore)
    this.#socket.off('error', this.#fail)
    this.#settle({ kind: 'switched', response: head, socket: this.#socket, head: received.subarray(head.length) })
  }

  readonly #end = (): void => this.#readCarefully()

  /** Node's client is told what was sent so far, and reads on. */
  #readCarefully(): void {
    this.#release()
    readCarefully(this.#upstream, this.#handshake, { socket: this.#socket, received: this.#received }, (dialled) =>
      this.#settle(dialled),
    )
  }

  /** Reads it no more; its errors are still heard. */
  #release(): void {
    this.#socket.pause()
    this.#socket.off('data', this.#read)
    this.#socket.off('end', this.#end)
  }

  readonly #fail = (error: NodeJS.ErrnoException): void => {
    this.#settle(failure(this.#upstream.label, messageOf(error), reached(error)))
  }

  readonly #leave = (): void => this.#settle(failure(this.#upstream.label, 'the client left', 'reached'))

  readonly #lateConnection = (): void => {
    const { connectMs, answerMs, clock, wheel } = this.#timing
    if (!isConnected(this.#socket)) this.#late('connection', connectMs)
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
    if (dialled.kind === 'failed') this.#socket.destroy()
    this.#resolve(dialled)
  }
}

/** With TLS: and trusted. */
const isConnected = (socket: Socket) => (socket instanceof TLSSocket ? socket.authorized : !socket.connecting)

const reached = (error: NodeJS.ErrnoException) =>
  error.syscall === 'connect' || error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN' ? 'unreached' : 'reached'

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'failed')
