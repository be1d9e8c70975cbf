import { firstTimes, type Log, NEVER, type Rate, UNUSED, type Usage, unrolled } from './log.ts'

/**
 * The times of the last events, shared by several windows over them and exact in each: an event fits a window of
 * `count` exactly when the event `count` places back has left it. Nothing is searched or counted.
 *
 * The times are a ring of 8 bytes a slot, a power of two, that grows only while the event it would overwrite is still
 * in a window. It is a plain array of doubles: a typed array costs 170 bytes more a key (measured on Node 24).
 */
export class ExactLog implements Log {
  readonly #rates: readonly Rate[]
  #times = firstTimes()
  /** Where the next event goes. */
  #next = 0

  /** @param rates at least one; a slot may be kept for each of the largest count */
  constructor(rates: readonly Rate[]) {
    this.#rates = rates
  }

  room(now: number): number {
    const rates = this.#rates
    let room = Number.POSITIVE_INFINITY
    for (let index = 0; index < rates.length; index++) {
      const rate = rates[index]
      if (rate) room = Math.min(room, rate.count - this.#eventsIn(rate, now))
    }
    return room
  }

  record(now: number, amount: number): void {
    for (let left = amount; left > 0; left--) this.#push(now)
  }

  undo(amount: number): void {
    const times = this.#times
    for (let left = amount; left > 0; left--) {
      this.#next = (this.#next - 1) & (times.length - 1)
      times[this.#next] = NEVER
    }
  }

  roomAt(now: number, amount: number): number {
    return Math.max(now, ...this.#rates.map((rate) => this.#roomIn(rate, amount)))
  }

  fullUntil(now: number, amount: number): number {
    const full = this.#rates.filter((rate) => this.#roomIn(rate, amount > rate.count ? 1 : amount) > now)
    return Math.max(now, ...full.map(({ windowMs }) => this.#back(1) + windowMs))
  }

  used(now: number): Usage {
    return this.#rates
      .map((rate) => this.#usedOf(rate, now))
      .reduce((fullest, usage) => (usage.share > fullest.share ? usage : fullest), UNUSED)
  }

  isIdle(now: number): boolean {
    return this.#back(1) + this.#longestMs() <= now
  }

  /** When so much fits one window. */
  #roomIn({ count, windowMs }: Rate, amount: number): number {
    return amount > count ? Number.POSITIVE_INFINITY : this.#back(count - amount + 1) + windowMs
  }

  /** The time of the event so many places back, 1 for the last. One the ring no longer holds has left every window. */
  #back(places: number): number {
    const times = this.#times
    return places > times.length ? NEVER : (times[(this.#next - places) & (times.length - 1)] ?? NEVER)
  }

  #push(now: number): void {
    const overwritten = this.#times[this.#next] ?? NEVER
    if (overwritten + this.#longestMs() > now && this.#times.length < this.#mostEvents()) this.#grow()
    this.#times[this.#next] = now
    this.#next = (this.#next + 1) & (this.#times.length - 1)
  }

  #grow(): void {
    const before = this.#times.length
    this.#times = unrolled(this.#times, this.#next, NEVER)
    this.#next = before
  }

  #usedOf(rate: Rate, now: number): Usage {
    const events = this.#eventsIn(rate, now)
    return { share: events / rate.count, events }
  }

  /** How many of the last events are in a window. They lie in order of time, and most senders are far from its count. */
  #eventsIn({ count, windowMs }: Rate, now: number): number {
    const most = Math.min(count, this.#times.length)
    let inside = 0
    let outside = 1
    while (outside <= most && this.#back(outside) + windowMs > now) {
      inside = outside
      outside *= 2
    }
    outside = Math.min(outside, most + 1)
    while (outside - inside > 1) {
      const middle = (inside + outside) >> 1
      if (this.#back(middle) + windowMs > now) inside = middle
      else outside = middle
    }
    return inside
  }

  #longestMs(): number {
    let longest = 0
    for (const { windowMs } of this.#rates) longest = Math.max(longest, windowMs)
    return longest
  }

  #mostEvents(): number {
    let most = 0
    for (const { count } of this.#rates) most = Math.max(most, count)
    return most
  }
}
