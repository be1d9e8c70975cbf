/** Messages between two processes of ours: told, or asked and answered. */

/** The pipe to the other process. */
export interface Port {
  /** @param done called when the message is on its way, or cannot be */
  readonly send: (message: unknown, done: () => void) => void
}

/** What may be said, by name: what goes with it, and what is answered (`void`: nothing). Plain data, as JSON has it. */
export type Vocabulary = Readonly<Record<string, { readonly says: unknown; readonly gets: unknown }>>

export type Handlers<Words extends Vocabulary> = {
  readonly [Word in keyof Words]: (says: Words[Word]['says']) => Words[Word]['gets'] | Promise<Words[Word]['gets']>
}

/** One message: told; asked, with a number; or an answer to a number. */
type Item =
  | readonly [word: string, says: unknown]
  | readonly [word: string, says: unknown, number: number]
  | readonly ['', answer: unknown, number: number, error?: string]

interface Asked {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** Messages that go out together; more begin another batch, so that none grows without bound. */
const MOST = 512
/** With more messages than this in front of the pipe, the other end is behind. */
const MOST_UNSENT = 16
/** With so many it stands still: each of them was a turn of the event loop in which nothing of the pipe was read. */
const MOST_STUCK = 1024

/**
 * One end. What is said in one turn of the event loop goes out as one message, in order: a message costs some ten
 * microseconds on either side, whatever is in it.
 */
export class Link<Out extends Vocabulary, In extends Vocabulary> {
  readonly #port: Port
  readonly #handlers: Handlers<In>
  readonly #asked = new Map<number, Asked>()
  #batch: Item[] = []
  #number = 0
  #isClosed = false
  /** Messages that wait for room in the pipe. */
  #unsent = 0

  constructor(port: Port, handlers: Handlers<In>) {
    this.#port = port
    this.#handlers = handlers
  }

  tell<Word extends keyof Out & string>(word: Word, says: Out[Word]['says']): void {
    this.#put([word, says])
  }

  /** Rejects where the other end fails, is gone, or does not answer in time. */
  ask<Word extends keyof Out & string>(
    word: Word,
    says: Out[Word]['says'],
    timeoutMs: number,
  ): Promise<Out[Word]['gets']> {
    if (this.#isClosed) return Promise.reject(new Error(GONE))
    const number = ++this.#number
    return new Promise((resolve, reject) => {
      const late = () => this.#settle(number, ({ reject: fail }) => fail(new Error(`no answer within ${timeoutMs} ms`)))
      const timer = setTimeout(late, timeoutMs)
      // The other end answers what its word says: both are of one version.
      this.#asked.set(number, { resolve: resolve as Asked['resolve'], reject, timer })
      this.#put([word, says, number])
    })
  }

  /** Takes a message of the port. */
  take(message: unknown): void {
    // A pipe holds what a process wrote before it died: who closed has settled its accounts.
    // Only our own processes write here; anything else is none of ours.
    if (this.#isClosed || !Array.isArray(message)) return
    for (const item of message as Item[]) this.#takeItem(item)
  }

  /** The other end is gone: nobody answers any more. */
  close(): void {
    this.#isClosed = true
    this.#batch = []
    for (const number of [...this.#asked.keys()]) this.#settle(number, ({ reject }) => reject(new Error(GONE)))
  }

  /** Whether the other end does not keep up: what is not needed is better left unsaid. */
  get isBehind(): boolean {
    return this.#unsent > MOST_UNSENT
  }

  /** Whether the other end takes nothing at all: what is said would only pile up here. */
  get isStuck(): boolean {
    return this.#unsent > MOST_STUCK
  }

  /** How many wait for an answer. */
  get waiting(): number {
    return this.#asked.size
  }

  #takeItem([word, said, number, error]: Item): void {
    if (word === '' && number !== undefined) {
      this.#settle(number, ({ resolve, reject }) => (error === undefined ? resolve(said) : reject(new Error(error))))
      return
    }
    const answer = (result: unknown) => number !== undefined && this.#put(['', result, number])
    const fail = (reason: unknown) =>
      number !== undefined && this.#put(['', undefined, number, reason instanceof Error ? reason.message : 'failed'])
    try {
      // A word the other end knows is one of ours: both are of one version.
      const result: unknown = this.#handlers[word as keyof In](said)
      if (result instanceof Promise) result.then(answer, fail)
      else answer(result)
    } catch (reason) {
      fail(reason)
    }
  }

  #settle(number: number, how: (asked: Asked) => void): void {
    const asked = this.#asked.get(number)
    if (!asked) return
    this.#asked.delete(number)
    clearTimeout(asked.timer)
    how(asked)
  }

  #put(item: Item): void {
    if (this.#isClosed) return
    this.#batch.push(item)
    if (this.#batch.length === 1) setImmediate(() => this.#flush())
    if (this.#batch.length >= MOST) this.#flush()
  }

  #flush(): void {
    const batch = this.#batch
    if (batch.length === 0) return
    this.#batch = []
    this.#unsent++
    this.#port.send(batch, () => {
      this.#unsent--
    })
  }
}

const GONE = 'the other process is gone'
