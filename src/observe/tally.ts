/** What every connection counts, in plain numbers: prom-client finds its sample by a text of all labels, each time anew. */

interface Row<Name extends string> {
  readonly labels: Readonly<Record<Name, string>>
  count: number
}

/** Counts by the values of three labels. Whoever counts keeps their number bounded. */
export class Tally<Name extends string> {
  readonly #names: readonly [Name, Name, Name]
  readonly #rows = new Map<string, Row<Name>>()

  constructor(names: readonly [Name, Name, Name]) {
    this.#names = names
  }

  /** @param second as `third`, a word of ours: what the first may hold never makes two keys one */
  add(first: string, second: string, third: string, times = 1): void {
    const key = `${first}\n${second}\n${third}`
    const row = this.#rows.get(key) ?? this.#begin(key, [first, second, third])
    row.count += times
  }

  /** In the order in which they were first counted. */
  rows(): Iterable<Readonly<Row<Name>>> {
    return this.#rows.values()
  }

  #begin(key: string, values: readonly [string, string, string]): Row<Name> {
    const [first, second, third] = this.#names
    // Three keys of the type Name are all of its keys.
    const labels = { [first]: values[0], [second]: values[1], [third]: values[2] } as Record<Name, string>
    const row = { labels, count: 0 }
    this.#rows.set(key, row)
    return row
  }
}

/** Numbers that are taken many at once: a histogram is dear to call with one, and cheap with the next ones. */
export class Gathered {
  readonly #values = new Float64Array(MOST_GATHERED)
  readonly #take: (value: number) => void
  #count = 0

  /** @param take is given each, in order */
  constructor(take: (value: number) => void) {
    this.#take = take
  }

  add(value: number): void {
    this.#values[this.#count++] = value
    if (this.#count === MOST_GATHERED) this.hand()
  }

  /** Hands over what there is. */
  hand(): void {
    const values = this.#values.subarray(0, this.#count)
    this.#count = 0
    for (const value of values) this.#take(value)
  }
}

const MOST_GATHERED = 256
