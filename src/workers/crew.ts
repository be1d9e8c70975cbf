/** The workers: started together, replaced one by one, spoken to all at once. */
import type { Observe } from '../observe/events.ts'
import type { Drained, DrainSettings } from '../proxy/drain.ts'
import type { WireName } from '../proxy/wire-choice.ts'
import type { Loaded } from '../serve/reload.ts'
import { MAX_TIMER_MS } from '../settings/duration.ts'
import type { Listen } from '../settings/listen.ts'
import type { Revocation } from '../tokens/revocation.ts'
import type { Ledger } from './ledger.ts'
import type { Handlers } from './link.ts'
import { Member } from './member.ts'
import { Replacing } from './replacing.ts'
import { SILENCE_LOOK_MS, SILENCE_MS, Silence } from './silence.ts'
import type { Texts, ToPrimary, ToWorker } from './words.ts'

export interface CrewOptions {
  readonly size: number
  readonly wire: WireName
  readonly loaded: Loaded
  readonly observe: Observe
  readonly write: (lines: string) => void
  readonly complain: (line: string) => void
  readonly ledger: Ledger
  /** What is revoked just now. */
  readonly revoked: () => readonly Revocation[]
  /** ms, monotonic */
  readonly clock: () => number
}

/** How long a worker may take to start, to listen, to take a configuration: ms. Then it is replaced. */
const START_MS = 20_000
/** How long one may take to end when it was told to, ms. */
const END_MS = 2000

interface Place {
  readonly address: Listen
  readonly reusePort: boolean
}

export class Crew {
  readonly #options: CrewOptions
  readonly #members = new Set<Member>()
  readonly #replacing: Replacing
  #loaded: Loaded
  #place: Place | undefined
  #draining: DrainSettings | undefined
  readonly #silence = new Silence()
  #watch: NodeJS.Timeout | undefined
  #isOver = false
  #onEnd: (member: Member) => void = () => {}

  constructor(options: CrewOptions) {
    this.#options = options
    this.#loaded = options.loaded
    this.#replacing = new Replacing({
      start: (number) => this.#replace(number),
      failed: (number, error) => this.#warn(`worker ${number} cannot be started, and is tried again: ${textOf(error)}`),
      clock: options.clock,
    })
  }

  /** @param run told of each that ended, asked or not */
  onEnd(run: (member: Member) => void): void {
    this.#onEnd = run
  }

  /** Starts all; they do not listen yet. Rejects with what one of them says against it. */
  async begin(): Promise<void> {
    const numbers = Array.from({ length: this.#options.size }, (_, index) => index + 1)
    await Promise.all(numbers.map((number) => this.#begin(this.#hire(number))))
  }

  /** Lets all of them take clients; those that come later, too. */
  async listen(address: Listen, reusePort: boolean): Promise<void> {
    const place = { address, reusePort }
    await Promise.all([...this.#members].map((member) => this.#open(member, place)))
    this.#place = place
    this.#watch = setInterval(() => this.#endSilent(), SILENCE_LOOK_MS)
  }

  /** Those that take clients. */
  get serving(): Member[] {
    return [...this.#members].filter(({ isServing }) => isServing)
  }

  /** Connections open, as they told a moment ago. */
  get sessions(): number {
    return this.serving.reduce((sum, { sessions }) => sum + sessions, 0)
  }

  get oneClient(): string | undefined {
    return this.serving.find(({ oneClient }) => oneClient !== undefined)?.oneClient
  }

  tellAll<Word extends keyof ToWorker & string>(word: Word, says: ToWorker[Word]['says']): void {
    for (const { link } of this.#members) link.tell(word, says)
  }

  /** What those that have not begun yet are told when they do. */
  tellBegun<Word extends 'revoke' | 'unrevoke'>(word: Word, says: ToWorker[Word]['says']): void {
    for (const { link, hasBegun } of this.#members) if (hasBegun) link.tell(word, says)
  }

  /** Rejects where one does not answer. */
  askAll<Word extends keyof ToWorker & string>(
    word: Word,
    says: ToWorker[Word]['says'],
    timeoutMs: number,
  ): Promise<ToWorker[Word]['gets'][]> {
    return Promise.all(this.serving.map(({ link }) => link.ask(word, says, Math.min(timeoutMs, MAX_TIMER_MS))))
  }

  /** A configuration that can be used. Who does not take it is replaced by one that does. */
  async adopt(next: Loaded): Promise<void> {
    this.#loaded = next
    await Promise.all(this.serving.map((member) => this.#orKilled(member, this.#tellLatest(member))))
  }

  /** Drains all; who fails at it has no connection left either. */
  async drain(settings: DrainSettings, timeoutMs: number): Promise<Drained[]> {
    this.#draining = settings
    const drained = await Promise.allSettled(
      this.serving.map(({ link }) => link.ask('drain', settings, Math.min(timeoutMs, MAX_TIMER_MS))),
    )
    return drained.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  }

  /** Lets the requests under way end, then the workers; who takes longer than told is killed. */
  async finish(timeoutMs: number): Promise<void> {
    this.#stopReplacing()
    const limit = Math.min(timeoutMs + END_MS, MAX_TIMER_MS)
    const members = [...this.#members]
    await Promise.allSettled(members.map(({ link }) => link.ask('finish', timeoutMs, limit)))
    this.destroy()
    await Promise.all(members.map(({ gone }) => gone))
  }

  /** Ends the waiting of a drain and of `finish`; also for a worker that no longer answers. */
  cut(): void {
    this.#endAll('cut')
  }

  /** Ends all at once. */
  destroy(): void {
    this.#endAll('destroy')
  }

  #endAll(how: 'cut' | 'destroy'): void {
    this.#stopReplacing()
    this.tellAll(how, undefined)
    for (const member of this.#members) this.#killLater(member)
  }

  /** One that is stuck holds its clients, and the kernel sends it more. */
  #endSilent(): void {
    for (const member of this.#silence.look(this.serving)) {
      this.#warn(`worker ${member.number} is replaced: it has said nothing for ${SILENCE_MS / 1000} s`)
      member.kill()
    }
  }

  #stopReplacing(): void {
    this.#isOver = true
    clearInterval(this.#watch)
    this.#replacing.stop()
  }

  #killLater(member: Member): void {
    const timer = setTimeout(() => member.kill(), END_MS)
    void member.gone.then(() => clearTimeout(timer))
  }

  #hire(number: number): Member {
    const { ledger, write, complain, clock } = this.#options
    const member = new Member({
      number,
      desk: (of) => ledger.desk((occupant, by) => of.link.tell('replaced', { occupant, by })),
      handlers: (of) => this.#handlers(of),
      write,
      complain,
      clock,
      ended: (of, how) => this.#ended(of, how),
    })
    this.#members.add(member)
    return member
  }

  #handlers(member: Member): Handlers<ToPrimary> {
    return {
      ...this.#options.ledger.answers(member.desk),
      up: () => member.up(),
      counted: (counted) => {
        for (const { link } of this.serving.filter((other) => other !== member)) {
          // To one that does not keep up it would only be more to do.
          if (!link.isBehind) link.tell('counted', counted)
        }
      },
      state: ({ sessions, oneClient }) => {
        member.sessions = sessions
        if (oneClient !== undefined && oneClient !== this.oneClient) this.#tellOneClient(oneClient)
        member.oneClient = oneClient
      },
    }
  }

  readonly #toldOf = new Set<string>()

  #tellOneClient(address: string): void {
    if (this.#toldOf.has(address)) return
    this.#toldOf.add(address)
    this.#options.observe({ type: 'one_client', address })
  }

  /** Gives it the configuration, the latest that there is. */
  async #begin(member: Member): Promise<void> {
    await member.started(START_MS)
    const { wire } = this.#options
    member.loaded = this.#loaded
    await member.link.ask('begin', { worker: member.number, texts: textsOf(this.#loaded), wire }, START_MS)
    member.hasBegun = true
    member.link.tell('revoke', this.#options.revoked())
    await this.#tellLatest(member)
  }

  /** There may be a later one by the time it has taken one. */
  async #tellLatest(member: Member): Promise<void> {
    while (member.loaded !== this.#loaded) {
      member.loaded = this.#loaded
      await member.link.ask('adopt', textsOf(this.#loaded), START_MS)
    }
  }

  async #open(member: Member, place: Place): Promise<void> {
    this.#tellDraining(member)
    await member.link.ask('listen', place, START_MS)
    member.isServing = true
    // What began while it was not asked.
    this.#tellDraining(member)
    await this.#tellLatest(member)
  }

  /** Told twice it is the same drain. */
  #tellDraining({ link }: Member): void {
    if (this.#draining) link.tell('drain', { ...this.#draining, delay: 0 })
  }

  #ended(member: Member, how: string): void {
    this.#members.delete(member)
    this.#onEnd(member)
    // Before there is a place to listen at, the start as a whole fails.
    if (this.#isOver || !this.#place) return
    const replacedInMs = this.#replacing.after(member)
    this.#options.observe({
      type: 'worker_ended',
      worker: member.number,
      how,
      connections: member.sessions,
      replacedInMs,
    })
  }

  #replace(number: number): void {
    const member = this.#hire(number)
    const place = this.#place
    if (place)
      void this.#orKilled(
        member,
        this.#begin(member).then(() => this.#open(member, place)),
      )
  }

  #warn(message: string): void {
    this.#options.observe({ type: 'warning', message })
  }

  /** Who fails is of no use: its end brings the next. */
  async #orKilled(member: Member, doing: Promise<unknown>): Promise<void> {
    try {
      await doing
    } catch (error) {
      if (member.hasEnded) return
      this.#warn(`worker ${member.number} is replaced: ${textOf(error)}`)
      member.kill()
    }
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : 'failed')
const textsOf = ({ texts }: Loaded): Texts => [...texts]
