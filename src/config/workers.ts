/** `workers`: how many processes serve clients. */
import { z } from 'zod'
import { parsed } from '../settings/parsed.ts'

const MOST = 256
const EXPECTED = `expected a whole number from 1 to ${MOST}, or auto`

export const workers = () =>
  parsed(z.union([z.number(), z.string()], EXPECTED), (value): number | 'auto' => {
    const text = String(value).trim()
    if (text === 'auto') return text
    const number = Number(text)
    if (!/^\d{1,3}$/.test(text) || number < 1 || number > MOST) throw new Error(EXPECTED)
    return number
  }).meta({ words: 'whole number, or `auto`' })
