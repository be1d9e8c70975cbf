/** `uniqueItems` in time linear in the list: ajv compares each item with each other. */
import type { FuncKeywordDefinition } from 'ajv'

export const uniqueItems: FuncKeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  errors: false,
  error: { message: 'must NOT have duplicate items' },
  validate: (must: boolean, items: readonly unknown[]) => !must || new Set(items.map(written)).size === items.length,
}

/** A value as a text that is the same for equal values only (JSON Schema core, section 4.2.2). */
function written(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`
  const held = value as Record<string, unknown> // An object's keys are texts.
  const entries = Object.keys(held).sort((one, other) => (one < other ? -1 : 1))
  return `{${entries.map((key) => `${JSON.stringify(key)}:${written(held[key])}`).join(',')}}`
}
