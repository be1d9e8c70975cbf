import { z } from 'zod'
import { parsed } from './parsed.ts'

const MOST_BYTES = 4096
const EXPECTED = 'expected a text, or an object that is sent as JSON'

/** A text message for a client: a text as it is, or an object, sent as JSON. */
export const notice = () =>
  parsed(z.union([z.string(), z.record(z.string(), z.unknown())], EXPECTED), (value) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    if (text === '') throw new Error(EXPECTED)
    if (new TextEncoder().encode(text).length > MOST_BYTES) throw new Error(`expected at most ${MOST_BYTES} bytes`)
    return text
  }).meta({ words: 'text or object' })
