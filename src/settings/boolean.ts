import { z } from 'zod'
import { parsed } from './parsed.ts'

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['off', false],
  ['0', false],
])

const EXPECTED = 'expected true, false, 1, 0, yes, no, on or off'

/** What a word for a switch says; undefined: it is none. */
export const switchOf = (text: string): boolean | undefined => WORDS.get(text.trim().toLowerCase())

/** A switch: true/false/1/0/yes/no/on/off and nothing else (a lenient reader turns `DRY_RUN=0` into true). */
export const bool = () =>
  parsed(z.union([z.boolean(), z.string(), z.number()], EXPECTED), (value) => {
    const word = switchOf(String(value))
    if (word === undefined) throw new Error(EXPECTED)
    return word
  }).meta({ words: 'true or false' })
