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

/** Parses `500ms`, `10s`, `5m`, `1h`, `7d` into milliseconds; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|min|m|h|d)$/.exec(text.trim()) ?? []
  const factor = UNITS.get(unit ?? '')
  return factor === undefined ? undefined : Math.round(Number(amount) * factor)
}

/** A length of time, in milliseconds once loaded. */
export const duration = () =>
  parsed(z.string(EXPECTED), (text) => {
    const ms = parseDuration(text)
    if (ms === undefined) throw new Error(EXPECTED)
    return ms
  }).meta({ words: 'duration' })
