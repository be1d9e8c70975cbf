import { type Gate, gateOf } from './gate.ts'
import type { Rate } from './log.ts'
import { Tracked, type TrackedSettings } from './tracked.ts'

interface Limiter {
  readonly rates: readonly Rate[]
  readonly max: number
  readonly table: Tracked
}

/** The limiters of a process by name (`widget.messages.perUser`). They outlive a reload, as long as they stay the same. */
export class Limiters {
  #byName = new Map<string, Limiter>()
  /** Those of the policy that is being made. */
  #next: Map<string, Limiter> | undefined
  readonly #make: (settings: TrackedSettings) => Tracked

  /** @param make the table of a limiter */
  constructor(make: (settings: TrackedSettings) => Tracked = (settings) => new Tracked(settings)) {
    this.#make = make
  }

  /** The table of a limiter: the one there is where rates and `max` are the same, else a new one in its place. */
  get(name: string, rates: readonly Rate[], max: number): Tracked {
    const known = this.#next?.get(name) ?? this.#byName.get(name)
    const isSame = known !== undefined && known.max === max && areEqual(known.rates, rates)
    const limiter = isSame ? known : { rates, max, table: this.#make({ rates, max }) }
    const all = this.#next ?? this.#byName
    all.set(name, limiter)
    return limiter.table
  }

  /** The same for what is judged at a handshake, which may wait for an answer. */
  gate(name: string, rates: readonly Rate[], max: number): Gate {
    return gateOf(this.get(name, rates, max))
  }

  /** The table of a name, where there is one. */
  named(name: string): Tracked | undefined {
    return this.#byName.get(name)?.table
  }

  /** Keeps the limiters that a new policy asks for while it is made, and drops the others. Where that throws, nothing has changed. */
  renew<T>(make: () => T): T {
    const next = new Map<string, Limiter>()
    this.#next = next
    try {
      const policy = make()
      this.#byName = next
      return policy
    } finally {
      this.#next = undefined
    }
  }

  /** Names and tables, in the order in which they came. */
  *[Symbol.iterator](): IterableIterator<[string, Tracked]> {
    for (const [name, { table }] of this.#byName) yield [name, table]
  }
}

const areEqual = (a: readonly Rate[], b: readonly Rate[]): boolean =>
  a.length === b.length &&
  a.every(({ count, windowMs }, index) => count === b[index]?.count && windowMs === b[index]?.windowMs)
