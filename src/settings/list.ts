import { z } from 'zod'

const split = (value: unknown): unknown => {
  if (typeof value !== 'string') return value
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

const EXPECTED = 'expected a list, or one comma-separated text'

/** Several values: a YAML list, or one comma-separated string as an environment variable holds. */
export const list = <Item extends z.ZodType>(item: Item) => z.preprocess(split, z.array(item, EXPECTED))

/** Several values, one at least: an empty list would refuse everybody, or nobody. */
export const filledList = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(split, z.array(item, EXPECTED).min(1, 'expected at least one entry'))
