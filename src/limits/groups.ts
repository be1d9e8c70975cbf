/** Groups of events in order of time, as a ring that grows: when the last event of each came, and how much it holds. */
export class Groups {
  /** Two numbers a group; room for a power of two of them. */
  #ring = [0, 0, 0, 0, 0, 0, 0, 0]
  #oldest = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The time of a group, 0 for the oldest. */
  last(index: number): number {
    return this.#ring[this.#slot(index)] ?? 0
  }

  /** What a group holds, 0 for the oldest. */
  amount(index: number): number {
    return this.#ring[this.#slot(index) + 1] ?? 0
  }

  /** Adds a group that is newer than all. */
  push(last: number, amount: number): void {
    if (this.#size * 2 === this.#ring.length) this.#grow()
    const slot = this.#slot(this.#size)
    this.#ring[slot] = last
    this.#ring[slot + 1] = amount
    this.#size++
  }

  /** Takes the newest away. */
  pop(): void {
    this.#size--
  }

  /** Takes the oldest away. */
  shift(): void {
    this.#oldest = this.#slot(1)
    this.#size--
  }

  #slot(index: number): number {
    return (this.#oldest + 2 * index) & (this.#ring.length - 1)
  }

  #grow(): void {
    const ring = this.#ring
    // `concat`, as a spread would leave room behind these.
    this.#ring = ring.slice(this.#oldest).concat(
      ring.slice(0, this.#oldest),
      ring.map(() => 0),
    )
    this.#oldest = 0
  }
}
