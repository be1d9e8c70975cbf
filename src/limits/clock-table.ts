/**
 * At most `max` keys, of which those in use are kept: a second-chance clock. A look at a key marks it. Where the table
 * is full a hand goes round, takes away the marks that it meets, and evicts the first key without one. A new key has no
 * mark: keys that are seen once push out each other, and none that is seen again in each round.
 *
 * A look is one lookup and moves nothing, as it would in a list by last use. The hand takes a step for each mark that
 * was set, though as many as `max` at once.
 */
export class ClockTable<Value> {
  readonly #max: number
  readonly #onEvict: (key: string, value: Value) => void
  readonly #places = new Map<string, number>()
  /** By place. An object for each key instead would take 36 bytes more (measured on Node 24). */
  readonly #keys: string[] = []
  readonly #values: Value[] = []
  readonly #marks: Uint8Array
  #hand = 0

  /** @param max at least 1 @param onEvict told what was pushed out; it leaves the table alone */
  constructor(max: number, onEvict: (key: string, value: Value) => void) {
    this.#max = max
    this.#onEvict = onEvict
    this.#marks = new Uint8Array(max)
  }

  get size(): number {
    return this.#keys.length
  }

  /** Marks the key; undefined where there is none. */
  get(key: string): Value | undefined {
    const place = this.#places.get(key)
    if (place === undefined) return undefined
    this.#marks[place] = 1
    return this.#values[place]
  }

  /** Adds a key; only one that is not there. */
  add(key: string, value: Value): void {
    const place = this.size < this.#max ? this.size : this.#evict()
    this.#places.set(key, place)
    this.#keys[place] = key
    this.#values[place] = value
  }

  /** Keys and values, in no order that means anything; marks none. */
  *[Symbol.iterator](): IterableIterator<[string, Value]> {
    // Every place has a value.
    for (const [key, place] of this.#places) yield [key, this.#values[place] as Value]
  }

  /** Says which place became free; the hand is behind it. */
  #evict(): number {
    while (this.#marks[this.#hand]) {
      this.#marks[this.#hand] = 0
      this.#hand = (this.#hand + 1) % this.#max
    }
    const place = this.#hand
    this.#hand = (place + 1) % this.#max
    // The table is full: every place has a key and a value.
    const key = this.#keys[place] as string
    this.#places.delete(key)
    this.#onEvict(key, this.#values[place] as Value)
    return place
  }
}
