/** JSON Schema (draft 2020-12), compiled once. The only file that knows ajv. */

import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import addFormats, { type FormatName } from 'ajv-formats'
import { scan } from './bounds.ts'
import { countKeys } from './duplicates.ts'
import { compileExpression } from './expression.ts'
import { Steps, stepKeyword } from './steps.ts'
import { subschemas } from './subschemas.ts'
import { uniqueItems } from './unique-items.ts'

/**
 * What is wrong with a value, for operators; undefined: it is valid. Never throws.
 * @param bytes how long the text was that it was parsed from: how much judging it may cost
 */
export type Validate = (value: unknown, bytes: number) => string | undefined

/** The formats of JSON Schema that say something of a message. */
const FORMATS: readonly FormatName[] = [
  'date',
  'time',
  'date-time',
  'duration',
  'uri',
  'uri-reference',
  'uri-template',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
  'json-pointer',
  'relative-json-pointer',
]

/** A text longer than this has no format: some are judged by expressions that only JavaScript knows. */
const LONGEST_FORMATTED = 8192
/** A schema nested deeper was not written by anybody. */
const DEEPEST_SCHEMA = 256

/** Schemas that were compiled, by their text: a file is read several times for one reload. */
const compiled = new Map<string, Validate>()
const MOST_COMPILED = 256

/** Compiles the text of a schema file. Throws an Error that says what is wrong and where. */
export function compileSchema(text: string): Validate {
  const known = compiled.get(text)
  if (known) return known
  const schema = parse(text)
  const validate = compile(schema)
  if (compiled.size >= MOST_COMPILED) compiled.clear()
  compiled.set(text, validate)
  return validate
}

function parse(text: string): object | boolean {
  const scanned = scan(Buffer.from(text), { depth: DEEPEST_SCHEMA, keys: Infinity, stringLength: Infinity })
  if (typeof scanned === 'string') throw new Error(scanned)
  const schema = parsed(text)
  if (typeof schema !== 'boolean' && (typeof schema !== 'object' || schema === null || Array.isArray(schema))) {
    throw new Error('expected a JSON Schema: an object, true or false')
  }
  if (countKeys(schema) < scanned.keys) throw new Error('a key stands twice in an object')
  return schema
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    // The parser's message quotes the file, which may be another than was meant, and hold a secret.
    const place = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
    throw new Error(place === undefined ? 'is not JSON' : `is not JSON at ${lineAndColumn(text, Number(place))}`)
  }
}

function lineAndColumn(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
}

function compile(schema: object | boolean): Validate {
  const steps = new Steps()
  const ajv = newAjv(steps)
  const counted = prepared(schema)
  try {
    const validate = ajv.compile(counted)
    return (value, bytes) => {
      steps.begin(bytes)
      return isValid(validate, value) ? undefined : (steps.complaint ?? complaint(validate.errors?.[0]))
    }
  } catch (error) {
    throw new Error(meaning(error))
  }
}

function newAjv(steps: Steps): Ajv2020 {
  const ajv = new Ajv2020({
    // `requierd` must not be ignored; what is only unusual may be.
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allErrors: false,
    // A message is no object of ours: `constructor` is a key it has, or has not.
    ownProperties: true,
    // 19.99 is a multiple of 0.01, whatever their quotient in binary is.
    multipleOfPrecision: 6,
    logger: false,
    code: { regExp: Object.assign(linear, { code: '' }) },
  })
  for (const name of FORMATS) ajv.addFormat(name, bounded(name))
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword(uniqueItems)
  ajv.addKeyword(steps.keyword)
  // OpenAPI's, beside a oneOf that says the same; generators of schemas write it.
  ajv.addKeyword('discriminator')
  return ajv
}

/** A copy in which each step along a reference is counted. Throws where it would not be judged as it reads. */
function prepared(schema: object | boolean): object | boolean {
  const copy = structuredClone(schema)
  for (const [one, place] of subschemas(copy)) {
    // Ajv's own: what it makes of such a schema is a promise, and any promise is true.
    if (one.$async !== undefined) throw new Error(`${place}/$async: is no keyword of JSON Schema`)
    if (one.$ref !== undefined || one.$dynamicRef !== undefined) one[stepKeyword] = true
  }
  return copy
}

function isValid(validate: (value: unknown) => unknown, value: unknown): boolean {
  try {
    return validate(value) === true
  } catch (error) {
    // A schema that refers to itself, and a message nested deeper than the stack, or one that takes too many steps.
    if (error instanceof RangeError) return false
    throw error
  }
}

/** Ajv tells expressions apart by their text. */
const linear = (source: string) => {
  const { test } = compileExpression(source)
  return { test, toString: () => source }
}

/** A format as a function of a text that takes bounded time. */
function bounded(name: FormatName): (text: string) => boolean {
  const judge = judgeOf(name)
  return (text) => text.length <= LONGEST_FORMATTED && judge(text)
}

function judgeOf(name: FormatName): (text: string) => boolean {
  const format = addFormats.default.get(name, 'full')
  const rule = typeof format === 'object' && 'validate' in format ? format.validate : format
  if (rule instanceof RegExp) return matching(rule)
  // None of those above is asynchronous, or one of numbers.
  return rule as (text: string) => boolean
}

function matching(rule: RegExp): (text: string) => boolean {
  try {
    return compileExpression(rule.source, rule.ignoreCase ? { ignoreCase: true } : {}).test
  } catch {
    return (text) => rule.test(text)
  }
}

function complaint(error: ErrorObject | undefined): string {
  if (!error) return 'nested too deeply for its schema'
  const { instancePath, message = 'is not valid', schemaPath } = error
  return `${instancePath || 'the message'} ${message} (${schemaPath})`
}

/** What ajv says of a schema, in our words where its own say nothing. */
function meaning(error: unknown): string {
  const message = error instanceof Error ? error.message : 'cannot be compiled'
  if (error instanceof RangeError) return 'is nested too deeply'
  if (/^no schema with key or ref "https?:\/\/json-schema\.org\//.test(message)) {
    return 'expected JSON Schema 2020-12: set $schema to https://json-schema.org/draft/2020-12/schema, or leave it out'
  }
  const other = /^can't resolve reference (.+) from id/s.exec(message)?.[1]
  if (other?.startsWith('#')) return `$ref ${other}: there is no such place in this schema`
  if (other !== undefined) return `$ref ${other}: other files are not read, nor is the network: put it under $defs`
  const format = /^unknown format "(.*)" ignored/s.exec(message)?.[1]
  if (format !== undefined) return `unknown format "${format}": expected one of ${FORMATS.join(', ')}`
  return message.replace(/^schema is invalid: data/, '').replace(/^strict mode: /, '')
}
