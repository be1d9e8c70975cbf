/** How a setting's text becomes its ready-to-use value: a zod type around a parser that throws what was expected. */
import { z } from 'zod'

/**
 * Wraps a parser as a zod transform.
 * @param input the type written in the file or the environment
 * @param parse throws an Error whose message says what was expected
 */
export const parsed = <In, Out>(input: z.ZodType<In>, parse: (value: In) => Out) =>
  input.transform((value, context): Out => {
    try {
      return parse(value)
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
      return z.NEVER
    }
  })
