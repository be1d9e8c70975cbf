import { randomInt } from 'node:crypto'
import { ClockTable } from './clock-table.ts'
import { flatKey } from './flat-key.ts'
import type { HashKey } from './keyed-hash.ts'
import type { Rate } from './log.ts'
import { Sketch } from './sketch.ts'
import { Windows } from './windows.ts'

/** A key and how much of its rate it uses. */
export interface Talker {
  readonly key: string
  /** Of its fullest window, 0 to 1. */
  readonly share: number
  /** In that window: events, or bytes where bytes are limited. */
  readonly events: number
}

export interface TrackedSettings {
  readonly rates: readonly Rate[]
  /** Keys that are remembered exactly. */
  readonly max: number
  /** Key of the hash of what is evicted: random, unless a test wants it always the same. */
  readonly hashKey?: HashKey
}

/**
 * One limiter's keys: the exact {@link Windows} of at most `max`, those in use ({@link ClockTable}). A key that is full
 * when it is evicted stays refused until its last event has left the windows that were full ({@link Sketch}), however
 * many others come meanwhile; a key that was not full is forgotten and begins anew. Memory does not grow with the number
 * of keys.
 *
 * Times are ms on a monotonic clock, amounts as in {@link Windows}. Keys are copied.
 */
export class Tracked {
  readonly #settings: TrackedSettings
  readonly #table: ClockTable<Windows>
  #sketch: Sketch | undefined
  /** The key that was asked for last, and its windows: a chunk of frames asks for the same one many times. */
  #key: string | undefined
  #windows: Windows | undefined
  #now = 0
  #evictions = 0

  constructor(settings: TrackedSettings) {
    this.#settings = settings
    this.#table = new ClockTable(settings.max, (key, windows) => this.#fold(key, windows))
  }

  /** Whether so much more fits a key's windows. Records nothing. */
  hasRoom(key: string, now: number, amount = 1): boolean {
    const windows = this.#find(key)
    return windows ? windows.hasRoom(now, amount) : this.#roomOfUnknown(key, now, amount) <= now
  }

  /** Records so much; call it only where {@link hasRoom} said yes. */
  record(key: string, now: number, amount = 1): void {
    const windows = this.#find(key) ?? this.#enter(key, now)
    windows.record(now, amount)
  }

  /** Records so much where it fits; false where it does not, and then nothing was recorded. */
  take(key: string, now: number, amount = 1): boolean {
    const windows = this.#find(key)
    if (windows) return windows.take(now, amount)
    if (this.#roomOfUnknown(key, now, amount) > now) return false
    this.#enter(key, now).record(now, amount)
    return true
  }

  /** Takes back what was last recorded for a key, once. */
  undo(key: string): void {
    this.#find(key)?.undo()
  }

  /** The earliest time, not before `now`, at which so much fits if nothing else comes; Infinity where it exceeds a rate. */
  roomAt(key: string, now: number, amount = 1): number {
    return this.#find(key)?.roomAt(now, amount) ?? this.#roomOfUnknown(key, now, amount)
  }

  /** Keys that are remembered exactly. */
  get size(): number {
    return this.#table.size
  }

  /** Keys that have been pushed out of the table so far. */
  get evictions(): number {
    return this.#evictions
  }

  /** The remembered keys that are full. Looks at each. */
  limited(now: number): string[] {
    const limited: string[] = []
    for (const [key, windows] of this.#table) if (windows.isFull(now)) limited.push(key)
    return limited
  }

  /** The `count` remembered keys that use most of their rate, the fullest first; idle ones are left out. Looks at each. */
  top(count: number, now: number): Talker[] {
    const talkers: Talker[] = []
    for (const [key, windows] of this.#table) {
      const usage = windows.used(now)
      if (usage.events > 0) talkers.push({ key, ...usage })
    }
    return talkers.sort((a, b) => b.share - a.share || b.events - a.events).slice(0, count)
  }

  /** A key that is not there is looked up again: it enters next, and may push out any but itself. */
  #find(key: string): Windows | undefined {
    if (key !== this.#key || !this.#windows) {
      this.#windows = this.#table.get(key)
      this.#key = key
    }
    return this.#windows
  }

  #roomOfUnknown(key: string, now: number, amount: number): number {
    if (this.#settings.rates.some(({ count }) => amount > count)) return Number.POSITIVE_INFINITY
    return Math.max(now, this.#sketch?.until(key) ?? now)
  }

  #enter(key: string, now: number): Windows {
    const windows = new Windows(this.#settings.rates)
    this.#now = now
    this.#table.add(flatKey(key), windows)
    return windows
  }

  #fold(key: string, windows: Windows): void {
    this.#evictions++
    const until = windows.fullUntil(this.#now)
    if (until <= this.#now) return
    const { max, hashKey } = this.#settings
    this.#sketch ??= new Sketch(max, hashKey ?? [randomInt(2 ** 32), randomInt(2 ** 32)])
    this.#sketch.remember(key, until)
  }
}
