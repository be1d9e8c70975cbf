import type { Rate } from './log.ts'
import { Tracked } from './tracked.ts'

interface Limiter {
  readonly rates: readonly Rate[]
  readonly max: number
  readonly table: Tracked
}

/** The limiters of a process by name (`widget.messages.perUser`). They outlive a reload, as long as they stay the same. */
export class Limiters {
  readonly #byName = new Map<string, Limiter>()

  /** The table of a limiter: the one there is where rates and `max` are the same, else a new one in its place. */
  get(name: string, rates: readonly Rate[], max: number): Tracked {
    const known = this.#byName.get(name)
    if (known && known.max === max && areEqual(known.rates, rates)) return known.table
    const table = new Tracked({ rates, max })
    this.#byName.set(name, { rates, max, table })
    return table
  }

  /** Drops the limiters that no policy asks for any more. */
  retain(names: ReadonlySet<string>): void {
    for (const name of this.#byName.keys()) if (!names.has(name)) this.#byName.delete(name)
  }

  /** Names and tables, in the order in which they came. */
  *[Symbol.iterator](): IterableIterator<[string, Tracked]> {
    for (const [name, { table }] of this.#byName) yield [name, table]
  }
}

const areEqual = (a: readonly Rate[], b: readonly Rate[]): boolean =>
  a.length === b.length &&
  a.every(({ count, windowMs }, index) => count === b[index]?.count && windowMs === b[index]?.windowMs)
