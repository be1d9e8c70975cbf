/** Reading one value with a setting's type, as the loader does. */
import type { z } from 'zod'

/** The value, or `Error: ` and the first message. */
export function read(type: z.ZodType, value: unknown): unknown {
  const result = type.safeParse(value)
  return result.success ? result.data : `Error: ${result.error.issues[0]?.message}`
}
