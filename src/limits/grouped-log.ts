import { Groups } from './groups.ts'
import type { Log, Rate, Usage } from './log.ts'

/** Groups a window is kept as. */
export const GROUPS = 256

/**
 * One window of many events, or of amounts, as at most {@link GROUPS} groups of neighbouring events. A group is
 * remembered by its amount and the time of its last event, and leaves the window with that one. So never more than
 * `count` passes in any window; what is counted too long is part of the oldest group, less than `count / 256`, and a
 * sender that stays that much below `count` is never refused.
 */
export class GroupedLog implements Log {
  readonly #rate: Rate
  /** All that is in the window. */
  #used = 0
  /** The newest group stands here, and holds nothing where the window is empty: most senders never need another. */
  #last = 0
  #amount = 0
  /** Those before it. */
  #older: Groups | undefined
  /** What the last record added to the group that was there, and when that group's last event had been. */
  #joined = 0
  #joinedLast = 0

  constructor(rate: Rate) {
    this.#rate = rate
  }

  room(now: number): number {
    this.#forget(now)
    return this.#rate.count - this.#used
  }

  record(now: number, amount: number): void {
    this.#forget(now)
    const room = this.#amount > 0 ? this.#perGroup() - this.#amount : 0
    this.#joined = Math.max(0, Math.min(room, amount))
    this.#joinedLast = this.#last
    this.#used += amount
    if (this.#joined > 0) this.#last = now
    this.#amount += this.#joined
    if (amount > this.#joined) this.#begin(now, amount - this.#joined)
  }

  undo(amount: number): void {
    // Groups leave from the oldest on: those that are gone meanwhile need no taking back.
    if (amount > this.#joined && this.#amount > 0) this.#takeBack()
    if (this.#joined > 0 && this.#amount > 0) {
      this.#last = this.#joinedLast
      this.#amount -= this.#joined
      this.#used -= this.#joined
    }
    this.#joined = 0
  }

  roomAt(now: number, amount: number): number {
    const { count, windowMs } = this.#rate
    if (amount > count) return Number.POSITIVE_INFINITY
    this.#forget(now)
    let used = this.#used
    let at = now
    const older = this.#older
    for (let index = 0; older && index < older.size && used + amount > count; index++) {
      used -= older.amount(index)
      at = older.last(index) + windowMs
    }
    return used + amount > count ? this.#last + windowMs : at
  }

  fullUntil(now: number, amount: number): number {
    const { count, windowMs } = this.#rate
    return this.room(now) >= (amount > count ? 1 : amount) ? now : this.#last + windowMs
  }

  used(now: number): Usage {
    this.#forget(now)
    return { share: this.#used / this.#rate.count, events: this.#used }
  }

  isIdle(now: number): boolean {
    this.#forget(now)
    return this.#amount === 0
  }

  /** What a group takes before the next begins. */
  #perGroup(): number {
    return Math.ceil(this.#rate.count / GROUPS)
  }

  #begin(now: number, amount: number): void {
    if (this.#amount > 0) {
      this.#older ??= new Groups()
      this.#older.push(this.#last, this.#amount)
    }
    this.#last = now
    this.#amount = amount
  }

  /** The newest group never was. */
  #takeBack(): void {
    this.#used -= this.#amount
    const older = this.#older
    const newest = older ? older.size - 1 : -1
    this.#amount = older && newest >= 0 ? older.amount(newest) : 0
    if (!older || newest < 0) return
    this.#last = older.last(newest)
    older.pop()
  }

  #forget(now: number): void {
    const { windowMs } = this.#rate
    const older = this.#older
    while (older && older.size > 0 && older.last(0) + windowMs <= now) {
      this.#used -= older.amount(0)
      older.shift()
    }
    if (this.#amount === 0 || this.#last + windowMs > now) return
    this.#used = 0
    this.#amount = 0
  }
}
