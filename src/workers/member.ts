/** One worker, as its primary sees it. */
import cluster, { type Worker } from 'node:cluster'
import type { Loaded } from '../serve/reload.ts'
import type { Desk } from './desk.ts'
import { type Handlers, Link } from './link.ts'
import { wholeLines } from './whole-lines.ts'
import type { ToPrimary, ToWorker } from './words.ts'

/** What tells a process that it is a worker of ours. */
export const WORKER_VARIABLE = 'WSLUICE_WORKER'

export interface MemberParts {
  /** Its place among the workers, from 1 on; who replaces it has the same. */
  readonly number: number
  /** Makes the answers to it, and its desk. */
  readonly handlers: (member: Member) => Handlers<ToPrimary>
  readonly desk: (member: Member) => Desk
  readonly write: (lines: string) => void
  readonly complain: (line: string) => void
  /** Told once, when it has ended. */
  readonly ended: (member: Member, how: string) => void
  /** ms, monotonic */
  readonly clock: () => number
}

export class Member {
  readonly number: number
  readonly link: Link<ToWorker, ToPrimary>
  readonly desk: Desk
  readonly startedAt: number
  /** Resolves when it has ended and everything it wrote has been read. */
  readonly gone: Promise<void>
  /** Whether it has a configuration, and knows what was revoked. */
  hasBegun = false
  /** Whether it takes clients. */
  isServing = false
  hasEnded = false
  sessions = 0
  oneClient: string | undefined
  /** Whether it has said anything since this was set to false. */
  wasHeard = true
  /** The configuration that it was told last. */
  loaded: Loaded | undefined
  readonly #worker: Worker
  readonly #ended: MemberParts['ended']

  /** Starts the process. */
  constructor({ number, handlers, desk, write, complain, ended, clock }: MemberParts) {
    this.number = number
    this.startedAt = clock()
    this.#ended = ended
    cluster.setupPrimary({ silent: true })
    this.#worker = cluster.fork({ [WORKER_VARIABLE]: String(number) })
    this.desk = desk(this)
    this.link = new Link<ToWorker, ToPrimary>({ send: (message, done) => this.#send(message, done) }, handlers(this))
    this.#worker.on('message', (message: unknown) => {
      this.wasHeard = true
      this.link.take(message)
    })
    const { process: child } = this.#worker
    let gone = () => {}
    this.gone = new Promise((resolve) => {
      gone = resolve
    })
    child.once('close', gone)
    this.#worker.on('error', (error: Error) => {
      // A process that could not be started has no exit; other errors come before one.
      if (child.pid !== undefined) return
      this.#end(error.message)
      gone()
    })
    child.stdout?.setEncoding('utf8').on('data', wholeLines(write))
    const complainEach = wholeLines((lines) => lines.trimEnd().split('\n').forEach(complain))
    child.stderr?.setEncoding('utf8').on('data', complainEach)
    this.#worker.on('exit', (code: number | null, signal: string | null) => this.#end(signal ?? `exit code ${code}`))
  }

  /** It has said that it is there. */
  up: () => void = () => {}

  /** Resolves when it is there; rejects where it ends before that, or takes longer. */
  started(withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (how: string) => reject(new Error(`worker ${this.number} ${how}`))
      const timer = setTimeout(() => fail(`did not start within ${withinMs} ms`), withinMs)
      this.up = () => {
        clearTimeout(timer)
        resolve()
      }
      void this.gone.then(() => {
        clearTimeout(timer)
        fail('ended while it started')
      })
    })
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL')
  }

  #end(how: string): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.isServing = false
    this.link.close()
    this.desk.releaseAll()
    this.#ended(this, how)
  }

  #send(message: unknown, done: () => void): void {
    // Batches are lists. A worker that is gone is told of by its exit.
    if (this.#worker.isConnected()) this.#worker.send(message as object, done)
  }
}
