/** The effective configuration: what was written, defaults filled in, secrets hidden. */
import { stringify } from 'yaml'
import { switchOf } from '../settings/boolean.ts'
import { shownUrl } from '../tokens/shown-url.ts'
import { isRecord } from './record.ts'
import { type Field, fileName, type Section, type Shape } from './shape.ts'

/** What stands where a secret does. */
const HIDDEN = '[hidden]'

/** The effective configuration as plain data, as it could be written in a file; files are named by their absolute paths. */
export function redact(section: Section, written: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries([...section.fields.values()].flatMap((field) => entry(field, written)))
}

function entry(field: Field, written: Readonly<Record<string, unknown>>): [string, unknown][] {
  const file = fileName(field.name)
  if (field.secret && written[file] !== undefined) return [[file, written[file]]]
  const value = written[field.name] ?? field.fallback
  if (value === undefined) return []
  return [[field.name, field.secret ? HIDDEN : filled(field.shape, value)]]
}

function filled(shape: Shape, value: unknown): unknown {
  if (shape.kind === 'list' && Array.isArray(value)) return value.map((item) => filled(shape.item, item))
  if (shape.kind === 'section' && isRecord(value)) return redact(shape, value)
  return withoutCredentials(shape.kind === 'value' && typeof value === 'string' ? typed(shape.words, value) : value)
}

/** The text of a variable as a file would say it: a number, a switch or a list. */
function typed(words: string, text: string): unknown {
  if (words.startsWith('whole number') && /^\d{1,15}$/.test(text)) return Number(text)
  if (words === 'true or false') return switchOf(text) ?? text
  if (words.startsWith('list of') && text.includes(',')) return text.split(',').map((item) => item.trim())
  return text
}

function withoutCredentials(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCredentials)
  return typeof value === 'string' ? shownUrl(value) : value
}

/** The effective configuration as YAML. */
export const formatEffective = (effective: Record<string, unknown>): string => stringify(effective, { lineWidth: 0 })
