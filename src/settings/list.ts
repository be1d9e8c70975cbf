import { z } from 'zod'

const split = (value: unknown): unknown => {
  if (typeof value !== 'string') return value
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** Several values: a YAML list, or one comma-separated string as an environment variable holds. */
export const list = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(split, z.array(item, 'expected a list, or one comma-separated text'))
