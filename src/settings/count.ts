import { z } from 'zod'
import { parsed } from './parsed.ts'

/** A whole number from `least` (0 unless given), from YAML or text; `8x8` and `1e3` are refused. */
export const count = (least = 0) => {
  const expected = `expected a whole number from ${least}`
  return parsed(z.union([z.number(), z.string()], expected), (value) => {
    const text = String(value).trim()
    if (!/^\d{1,15}$/.test(text) || Number(text) < least) throw new Error(expected)
    return Number(text)
  }).meta({ words: 'whole number' })
}
