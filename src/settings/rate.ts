import { z } from 'zod'
import { parseDuration } from './duration.ts'
import { list } from './list.ts'
import { parsed } from './parsed.ts'
import { parseSize } from './size.ts'

/** So many per window of so many milliseconds. */
export interface Rate {
  readonly count: number
  readonly windowMs: number
}

const WINDOWS: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['min', 60_000],
  ['h', 3_600_000],
])

const EXPECTED = 'expected a rate such as 10/s, 100/min or 30/10s'

/** Parses `10/s`, `100/min`, `30/10s`, `1MiB/s`. Throws what was expected. */
function parseRate(text: string): Rate {
  const [left = '', right = '', ...rest] = text.split('/').map((part) => part.trim())
  const count = parseSize(left)
  const windowMs = WINDOWS.get(right) ?? parseDuration(right)
  if (rest.length > 0 || count === undefined || windowMs === undefined) throw new Error(EXPECTED)
  if (count < 1 || windowMs < 1) throw new Error(`${EXPECTED}: both numbers must be positive`)
  return { count, windowMs }
}

/** One rate. */
const rate = () => parsed(z.string(EXPECTED), parseRate).meta({ words: 'rate' })

/** One rate or several, all of which hold. */
export const rates = () => list(rate())
