import { z } from 'zod'
import { parsed } from './parsed.ts'

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['kib', 1024],
  ['mib', 1024 ** 2],
  ['gib', 1024 ** 3],
  ['kb', 1000],
  ['mb', 1000 ** 2],
  ['gb', 1000 ** 3],
])

const EXPECTED = 'expected a size such as 64KiB, 1MiB or 512'

/** Parses `64KiB`, `1MiB`, `512` (bytes) into bytes; undefined where it is none, or more than can be counted exactly. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,12}) ?([a-z]{0,3})$/i.exec(text.trim()) ?? []
  const factor = UNITS.get((unit ?? '?').toLowerCase())
  if (factor === undefined) return undefined
  const bytes = Number(amount) * factor
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** A number of bytes. */
export const size = () =>
  parsed(z.union([z.string(), z.number()], EXPECTED), (value) => {
    const bytes = parseSize(String(value))
    if (bytes === undefined) throw new Error(EXPECTED)
    return bytes
  }).meta({ words: 'size' })
