import { firstTimes, type Log, NEVER, type Rate, type Usage, unrolled } from './log.ts'

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
  /** Two rings: when the last event of each group came, and how much the group holds. Their length is a power of two. */
  #lasts = firstTimes()
  #amounts = [0, 0, 0, 0]
  #oldest = 0
  #groups = 0
  #used = 0
  /** What the last record added to the group that was there, and when that group's last event had been. */
  #joined = 0
  #joinedLast = NEVER

  constructor(rate: Rate) {
    this.#rate = rate
  }

  room(now: number): number {
    this.#forget(now)
    return this.#rate.count - this.#used
  }

  record(now: number, amount: number): void {
    this.#forget(now)
    const newest = this.#newest()
    const room = this.#groups > 0 ? this.#perGroup() - (this.#amounts[newest] ?? 0) : 0
    this.#joined = Math.max(0, Math.min(room, amount))
    this.#joinedLast = this.#lasts[newest] ?? NEVER
    if (this.#joined > 0) this.#add(newest, now, this.#joined)
    if (amount > this.#joined) this.#append(now, amount - this.#joined)
  }

  undo(amount: number): void {
    // Groups leave from the oldest on: those that are gone meanwhile need no taking back.
    if (amount > this.#joined && this.#groups > 0) {
      this.#used -= amount - this.#joined
      this.#groups--
    }
    if (this.#joined > 0 && this.#groups > 0) this.#add(this.#newest(), this.#joinedLast, -this.#joined)
    this.#joined = 0
  }

  roomAt(now: number, amount: number): number {
    const { count, windowMs } = this.#rate
    if (amount > count) return Number.POSITIVE_INFINITY
    this.#forget(now)
    let used = this.#used
    let at = now
    for (let group = this.#oldest; used + amount > count; group = (group + 1) & (this.#lasts.length - 1)) {
      used -= this.#amounts[group] ?? 0
      at = (this.#lasts[group] ?? now) + windowMs
    }
    return at
  }

  fullUntil(now: number, amount: number): number {
    const { count, windowMs } = this.#rate
    if (this.room(now) >= (amount > count ? 1 : amount)) return now
    return (this.#lasts[this.#newest()] ?? now) + windowMs
  }

  used(now: number): Usage {
    this.#forget(now)
    return { share: this.#used / this.#rate.count, events: this.#used }
  }

  isIdle(now: number): boolean {
    this.#forget(now)
    return this.#groups === 0
  }

  /** What a group takes before the next begins. */
  #perGroup(): number {
    return Math.ceil(this.#rate.count / GROUPS)
  }

  #newest(): number {
    return (this.#oldest + this.#groups - 1) & (this.#lasts.length - 1)
  }

  #forget(now: number): void {
    while (this.#groups > 0 && (this.#lasts[this.#oldest] ?? NEVER) + this.#rate.windowMs <= now) {
      this.#used -= this.#amounts[this.#oldest] ?? 0
      this.#oldest = (this.#oldest + 1) & (this.#lasts.length - 1)
      this.#groups--
    }
  }

  #add(group: number, last: number, amount: number): void {
    this.#lasts[group] = last
    this.#amounts[group] = (this.#amounts[group] ?? 0) + amount
    this.#used += amount
  }

  #append(now: number, amount: number): void {
    if (this.#groups === this.#lasts.length) this.#grow()
    this.#groups++
    const newest = this.#newest()
    this.#lasts[newest] = now
    this.#amounts[newest] = amount
    this.#used += amount
  }

  #grow(): void {
    this.#lasts = unrolled(this.#lasts, this.#oldest, NEVER)
    this.#amounts = unrolled(this.#amounts, this.#oldest, 0)
    this.#oldest = 0
  }
}
