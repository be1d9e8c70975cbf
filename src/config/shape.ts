/**
 * The settings as a tree, read once from the zod schemas. Whatever needs to know what settings there are (variables,
 * files, redaction, suggestions, schema, reference) walks this tree, so a setting is declared in one place only.
 */
import { z } from 'zod'
import { isRecord } from './record.ts'

/** Where a value stands: `['routes', 1, 'upstream']`. */
export type Path = readonly (string | number)[]

/** What a setting holds. */
export type Shape = Section | ListOfSections | Value

/** Named settings. */
export interface Section {
  readonly kind: 'section'
  readonly fields: ReadonlyMap<string, Field>
}

/** Several sections of one kind, such as `routes`. */
interface ListOfSections {
  readonly kind: 'list'
  readonly item: Section
}

/** One value, or a list of values. */
interface Value {
  readonly kind: 'value'
  /** Its type in words, such as `duration`. */
  readonly words: string
  readonly isList: boolean
  /** It holds values by names that are the user's. */
  readonly isMap: boolean
}

/** One setting, with what its `.meta()` says. */
export interface Field {
  readonly name: string
  readonly shape: Shape
  readonly doc: string
  /** The default as it is written; undefined: none. */
  readonly fallback: unknown
  readonly isRequired: boolean
  /** The variable, where the declaration names one. */
  readonly env: string | undefined
  readonly flag: string | undefined
  /** Never shown; `<name>File` and `<variable>_FILE` name a file that holds it. */
  readonly secret: boolean
  /** The value is the path of a file, replaced by its content. */
  readonly file: boolean
  /** The most bytes of that file, where it is not the usual bound. */
  readonly maxBytes: number | undefined
  /** An empty variable is an error. */
  readonly turnsOn: boolean
}

/** The setting that names the file of a secret. */
export const fileName = (name: string) => `${name}File`

/** What wraps the type of a setting, outermost first. */
interface Unwrapped {
  readonly core: z.core.$ZodType
  readonly meta: Readonly<Record<string, unknown>>
  readonly fallback: unknown
  readonly isRequired: boolean
}

/** Reads the settings of a zod object. */
export function sectionOf(schema: z.ZodObject): Section {
  return {
    kind: 'section',
    fields: new Map(Object.entries(schema.shape).map(([name, type]) => [name, field(name, type)])),
  }
}

function field(name: string, schema: z.core.$ZodType): Field {
  const { core, meta, fallback, isRequired } = unwrap(schema)
  return {
    name,
    shape: shapeOf(core, meta),
    doc: text(meta.doc) ?? '',
    fallback,
    isRequired,
    env: text(meta.env),
    flag: text(meta.flag),
    secret: meta.secret === true,
    file: meta.file === true,
    maxBytes: typeof meta.maxBytes === 'number' ? meta.maxBytes : undefined,
    turnsOn: meta.turnsOn === true,
  }
}

/** Takes off optional, default, pipe and transform; what an outer wrapper says of a setting counts before an inner one. */
function unwrap(schema: z.core.$ZodType): Unwrapped {
  const said = z.globalRegistry.get(schema) ?? {}
  const inner = innerOf(schema)
  if (!inner) return { core: schema, meta: said, fallback: undefined, isRequired: true }
  const { core, meta, fallback, isRequired } = unwrap(inner)
  const own = schema instanceof z.ZodPrefault ? schema.def.defaultValue : fallback
  const mayMiss = schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
  return { core, meta: { ...meta, ...said }, fallback: own, isRequired: isRequired && !mayMiss }
}

function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) return schema.def.innerType
  if (!(schema instanceof z.ZodPipe)) return undefined
  // A preprocess is a transform before a type, a parser is a transform after one.
  return schema.def.in instanceof z.ZodTransform ? schema.def.out : schema.def.in
}

function shapeOf(core: z.core.$ZodType, meta: Readonly<Record<string, unknown>>): Shape {
  if (core instanceof z.ZodObject) return sectionOf(core)
  if (core instanceof z.ZodArray) return listOf(core)
  const words = core instanceof z.ZodEnum ? core.options.map((option) => `\`${option}\``).join(', ') : text(meta.words)
  return { kind: 'value', words: words ?? 'text', isList: false, isMap: core instanceof z.ZodRecord }
}

function listOf(list: z.ZodArray): Shape {
  const { core, meta } = unwrap(list.def.element)
  const item = shapeOf(core, meta)
  if (item.kind === 'section') return { kind: 'list', item }
  return {
    kind: 'value',
    words: `list of: ${item.kind === 'value' ? item.words : 'lists'}`,
    isList: true,
    isMap: false,
  }
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** The setting at a path; undefined where there is none. The index of a value's list names the setting itself. */
export function fieldAt(section: Section, path: Path): Field | undefined {
  const [name, ...rest] = path
  const found = typeof name === 'string' ? section.fields.get(name) : undefined
  if (!found) return undefined
  const below = found.shape.kind === 'list' && typeof rest[0] === 'number' ? rest.slice(1) : rest
  if (below.length === 0) return found
  if (found.shape.kind === 'value') return below.every((key) => typeof key === 'number') ? found : undefined
  return fieldAt(found.shape.kind === 'list' ? found.shape.item : found.shape, below)
}

/** Visits every section that stands in a tree of values, outermost first, with the values it holds. */
export function eachSection(
  shape: Shape,
  tree: unknown,
  visit: (section: Section, values: Record<string, unknown>, path: Path) => void,
  path: Path = [],
): void {
  if (shape.kind === 'list' && Array.isArray(tree)) {
    for (const [index, entry] of tree.entries()) eachSection(shape.item, entry, visit, [...path, index])
  }
  if (shape.kind !== 'section' || !isRecord(tree)) return
  visit(shape, tree, path)
  for (const { name, shape: inner } of shape.fields.values()) {
    if (Object.hasOwn(tree, name)) eachSection(inner, tree[name], visit, [...path, name])
  }
}
