/** The JSON Schema of a configuration file, for editors and the Helm chart. */
import { z } from 'zod'
import { configSchema } from './settings.ts'
import { fileName, sectionOf } from './shape.ts'

type Json = z.core.JSONSchema.BaseSchema

/** Marks of a declaration that mean nothing in a schema. */
const MARKS = ['doc', 'words', 'env', 'flag', 'secret', 'file', 'maxBytes', 'turnsOn'] as const

/** JSON Schema, draft 7: what may be written, before it is read. */
export function jsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-07',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema: json }) => adapt(zodSchema, json),
  })
  return { ...schema, title: 'wsluice configuration' }
}

function adapt(type: z.core.$ZodType, json: Json): void {
  if (typeof json.doc === 'string') json.description = json.doc
  // Of files by name, each is one itself.
  if (json.file === true && json.type !== 'object') json.type = 'string'
  if (isListOrText(type)) allowText(json)
  for (const mark of MARKS) delete json[mark]
  if (type instanceof z.ZodObject) addSecretFiles(type, json)
}

/** A list that may also be written as one comma-separated text: a preprocess before an array. */
const isListOrText = (type: z.core.$ZodType) =>
  type instanceof z.ZodPipe && type.def.in instanceof z.ZodTransform && type.def.out instanceof z.ZodArray

function allowText(json: Json): void {
  const { items, minItems } = json
  delete json.items
  delete json.minItems
  delete json.type
  json.anyOf = [
    { type: 'array', ...(items === undefined ? {} : { items }), ...(minItems === undefined ? {} : { minItems }) },
    { type: 'string' },
  ]
}

function addSecretFiles(type: z.ZodObject, json: Json): void {
  const entries = Object.entries(json.properties ?? {})
  const { fields } = sectionOf(type)
  json.properties = Object.fromEntries(
    entries.flatMap(([name, value]) => {
      const field = fields.get(name)
      if (!field?.secret) return [[name, value]]
      const path = { type: 'string' as const }
      const isList = field.shape.kind === 'value' && field.shape.isList
      const file = { ...(isList ? { anyOf: [{ type: 'array', items: path }, path] } : path) }
      return [
        [name, value],
        [fileName(name), { ...file, description: `File that holds ${name}; re-read when it changes.` }],
      ]
    }),
  )
}
