import { ExactLog } from './exact-log.ts'
import { GROUPS, GroupedLog } from './grouped-log.ts'
import { type Log, NEVER, type Rate, UNUSED, type Usage } from './log.ts'

/**
 * Several rates over the events of one sender, all of which hold: never more than `count` in any half-open window of
 * `windowMs`, and never a refusal for a sender that stays within it. An event counts into all windows or into none.
 * A count up to 256 is exact to the millisecond; a larger one is kept with the precision of 1/256 ({@link GroupedLog}).
 *
 * Times are ms on a monotonic clock; amounts are integers, 1 for an event, or a number of bytes; 0 always fits.
 */
export class Windows {
  readonly #logs: readonly Log[]
  /** What is recorded at one time is counted here and put into the logs when the time has passed, or they are asked. */
  #at = NEVER
  /** How much more fits at that time. */
  #room = 0
  #pending = 0
  /** What was last recorded, 0 when it was taken back. */
  #last = 0
  /** What was last refused: 1 until something larger was. */
  #refused = 1

  constructor(rates: readonly Rate[]) {
    this.#logs = logsOf(rates)
  }

  /** Whether so much more fits every window. Records nothing. */
  hasRoom(now: number, amount = 1): boolean {
    if (now !== this.#at) this.#turnTo(now)
    if (amount <= this.#room) return true
    this.#refused = amount
    return false
  }

  /** Records so much; call it only where {@link hasRoom} said yes. */
  record(now: number, amount = 1): void {
    if (now !== this.#at) this.#turnTo(now)
    this.#room -= amount
    this.#pending += amount
    this.#last = amount
  }

  /** Records so much where it fits every window; false where it does not, and then nothing was recorded. */
  take(now: number, amount = 1): boolean {
    if (!this.hasRoom(now, amount)) return false
    this.record(now, amount)
    return true
  }

  /** Takes back what was last recorded, once. */
  undo(): void {
    if (this.#last === 0) return
    this.#settle()
    for (const log of this.#logs) log.undo(this.#last)
    this.#last = 0
    this.#at = NEVER
  }

  /** The earliest time, not before `now`, at which so much fits if nothing else comes; Infinity where it exceeds a rate. */
  roomAt(now: number, amount = 1): number {
    this.#settle()
    return Math.max(now, ...this.#logs.map((log) => log.roomAt(now, amount)))
  }

  /** Of the fullest window. */
  used(now: number): Usage {
    this.#settle()
    return this.#logs
      .map((log) => log.used(now))
      .reduce((fullest, usage) => (usage.share > fullest.share ? usage : fullest), UNUSED)
  }

  /** Whether one more event would be refused, or as much as was last refused. */
  isFull(now: number): boolean {
    return this.fullUntil(now) > now
  }

  /** When the last event has left every window that is full; `now` where none is. */
  fullUntil(now: number): number {
    this.#settle()
    return Math.max(now, ...this.#logs.map((log) => log.fullUntil(now, this.#refused)))
  }

  /** Whether no event is left in any window. */
  isIdle(now: number): boolean {
    this.#settle()
    return this.#logs.every((log) => log.isIdle(now))
  }

  #turnTo(now: number): void {
    this.#settle()
    const logs = this.#logs
    let room = Number.POSITIVE_INFINITY
    for (let index = 0; index < logs.length; index++) room = Math.min(room, logs[index]?.room(now) ?? room)
    this.#at = now
    this.#room = room
  }

  /** Puts what is pending into the logs, the last record by itself: that one may be taken back. */
  #settle(): void {
    if (this.#pending === 0) return
    const before = this.#pending - this.#last
    this.#pending = 0
    const logs = this.#logs
    for (let index = 0; index < logs.length; index++) {
      if (before > 0) logs[index]?.record(this.#at, before)
      if (this.#last > 0) logs[index]?.record(this.#at, this.#last)
    }
  }
}

/** One log for all small counts, one for each larger. Nothing is copied where all are small: there is one of these for each key. */
function logsOf(rates: readonly Rate[]): readonly Log[] {
  if (rates.length === 0) return []
  if (rates.every(isSmall)) return [new ExactLog(rates)]
  const large = rates.filter((rate) => !isSmall(rate)).map((rate) => new GroupedLog(rate))
  return rates.some(isSmall) ? [new ExactLog(rates.filter(isSmall)), ...large] : large
}

const isSmall = ({ count }: Rate): boolean => count <= GROUPS
