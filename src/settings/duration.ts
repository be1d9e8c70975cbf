import { z } from 'zod'
import { parsed } from './parsed.ts'

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

const EXPECTED = 'expected a duration such as 500ms, 10s, 5m or 1h'

/** The longest a timer of node may run: a longer one fires at once (trap 6). */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** What a duration must lie between, both included, in ms. */
export interface DurationBounds {
  readonly least?: number
  readonly most?: number
}

/** Parses `500ms`, `10s`, `5m`, `1h`, `7d` into milliseconds; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|min|m|h|d)$/.exec(text.trim()) ?? []
  const factor = UNITS.get(unit ?? '')
  return factor === undefined ? undefined : Math.round(Number(amount) * factor)
}

/** A duration in ms. Throws an Error that says what was expected, with the bound that it breaks. */
export function readDuration(
  text: string,
  { least = 0, most = Number.POSITIVE_INFINITY }: DurationBounds = {},
): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new Error(EXPECTED)
  if (ms < least) throw new Error(`${EXPECTED}, at least ${inUnits(least)}`)
  if (ms > most) throw new Error(`${EXPECTED}, at most ${inUnits(most)}`)
  return ms
}

/** A length of time, in milliseconds once loaded. */
export const duration = (bounds: DurationBounds = {}) =>
  parsed(z.string(EXPECTED), (text) => readDuration(text, bounds)).meta({ words: 'duration' })

/** In the largest unit that it is a whole number of: `90s`, `5m`. */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms)
  const [unit, factor] = [...UNITS].findLast(([, length]) => whole >= length && whole % length === 0) ?? ['ms', 1]
  return `${whole / factor}${unit === 'min' ? 'm' : unit}`
}

/** In the largest unit that it fills, rounded down: `24.8d`. */
function inUnits(ms: number): string {
  const [unit, factor] = [...UNITS].findLast(([, length]) => length <= ms) ?? ['ms', 1]
  return `${Math.floor((ms / factor) * 10) / 10}${unit}`
}
