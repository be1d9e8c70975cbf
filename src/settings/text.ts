import { z } from 'zod'
import { parsed } from './parsed.ts'

/** A non-empty text. YAML numbers are taken as they are written: the file's reader leaves what reads back otherwise a text. */
export const text = () =>
  parsed(z.union([z.string(), z.number()], 'expected a text'), (value) => {
    const string = String(value)
    if (string.trim() === '') throw new Error('expected a text that is not empty')
    return string
  }).meta({ words: 'text' })
