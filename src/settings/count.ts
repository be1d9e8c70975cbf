import { z } from 'zod'
import { parsed } from './parsed.ts'

/** A whole number from `least` (0 unless given) to `most`, from YAML or text; `8x8` and `1e3` are refused. */
export const count = (least = 0, most = Number.POSITIVE_INFINITY) => {
  const expected = `expected a whole number from ${least}${Number.isFinite(most) ? ` to ${most}` : ''}`
  return parsed(z.union([z.number(), z.string()], expected), (value) => {
    const text = String(value).trim()
    const number = Number(text)
    if (!/^\d{1,15}$/.test(text) || number < least || number > most) throw new Error(expected)
    return number
  }).meta({ words: 'whole number' })
}
