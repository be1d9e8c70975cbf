/** The schemas within a JSON Schema (draft 2020-12), told apart from what only looks like one. */

export type SchemaObject = Record<string, unknown>

/** Under these stand schemas by names of anybody's choice. */
const BY_NAME: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
])

/** Under these stand values, and no schemas. */
const VALUES: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'required', 'dependentRequired'])

/** Every schema that is an object, the outermost first, with its place as a JSON pointer. */
export function* subschemas(schema: unknown, place = ''): Generator<[schema: SchemaObject, place: string]> {
  if (Array.isArray(schema)) {
    for (const [index, one] of schema.entries()) yield* subschemas(one, `${place}/${index}`)
    return
  }
  if (typeof schema !== 'object' || schema === null) return
  const held = schema as SchemaObject // An object's keys are texts.
  yield [held, place]
  for (const [key, value] of Object.entries(held)) {
    if (VALUES.has(key) || typeof value !== 'object' || value === null) continue
    const named = BY_NAME.has(key) ? Object.entries(value) : [['', value] as const]
    for (const [name, one] of named) yield* subschemas(one, `${place}/${key}${name === '' ? '' : `/${name}`}`)
  }
}
