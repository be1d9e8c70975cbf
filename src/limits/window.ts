/**
 * An exact sliding window: never more than `count` events in any half-open window of `windowMs`, and never a refusal
 * for a sender that stays within it. It remembers the times of the last `count` events, 8 bytes each, and grows to
 * that only as they come.
 */
export class SlidingWindow {
  readonly #count: number
  readonly #windowMs: number
  #times: Float64Array
  /** Index of the oldest remembered event. */
  #oldest = 0
  #held = 0

  /** @param count events per window, at least 1 @param windowMs length of the window in ms */
  constructor(count: number, windowMs: number) {
    this.#count = count
    this.#windowMs = windowMs
    this.#times = new Float64Array(Math.min(count, 8))
  }

  /** Whether one more event at `now` (ms, monotonic) stays within the window. Records nothing. */
  hasRoom(now: number): boolean {
    this.#forget(now)
    return this.#held < this.#count
  }

  /** Records an event at `now`; call it only where {@link hasRoom} said yes. */
  record(now: number): void {
    if (this.#held === this.#times.length) this.#grow()
    this.#times[(this.#oldest + this.#held) % this.#times.length] = now
    this.#held++
  }

  #forget(now: number): void {
    const ended = now - this.#windowMs
    while (this.#held > 0 && (this.#times[this.#oldest] ?? 0) <= ended) {
      this.#oldest = (this.#oldest + 1) % this.#times.length
      this.#held--
    }
  }

  #grow(): void {
    const grown = new Float64Array(Math.min(this.#count, this.#times.length * 2))
    for (let index = 0; index < this.#held; index++) {
      grown[index] = this.#times[(this.#oldest + index) % this.#times.length] ?? 0
    }
    this.#times = grown
    this.#oldest = 0
  }
}

/** Several windows over the same events: an event counts into all of them or, where one is full, into none. */
export class Windows {
  readonly #windows: readonly SlidingWindow[]

  constructor(rates: readonly { readonly count: number; readonly windowMs: number }[]) {
    this.#windows = rates.map((rate) => new SlidingWindow(rate.count, rate.windowMs))
  }

  /** Takes one event at `now`; false where a window is full, and then nothing was recorded. */
  take(now: number): boolean {
    const windows = this.#windows
    for (let index = 0; index < windows.length; index++) {
      if (!windows[index]?.hasRoom(now)) return false
    }
    for (let index = 0; index < windows.length; index++) windows[index]?.record(now)
    return true
  }
}
