/** What zod has to say of a configuration, in our words: one sentence for each setting. */

import type { z } from 'zod'
import { nearest } from '../settings/nearest.ts'
import { shownUrl } from '../tokens/shown-url.ts'
import { isSettingNotYet, NOT_YET } from './not-yet.ts'
import { short } from './problems.ts'
import { isRecord, valueAt } from './record.ts'
import { configSchema } from './settings.ts'
import { fieldAt, type Path, type Section } from './shape.ts'
import { spellings } from './variables.ts'

/** What is wrong at a path of the configuration. */
export interface Complaint {
  readonly path: Path
  readonly message: string
  /** The key is what is wrong, not its value. */
  readonly of?: 'key'
}

/** Reads a merged configuration; either ready to use, or everything that is wrong with its settings. */
export function judgeSettings(root: Section, values: unknown) {
  const read = configSchema.safeParse(values, { error: expectation })
  if (read.success) return { config: read.data, complaints: [] }
  return { config: undefined, complaints: read.error.issues.flatMap((issue) => complaintsOf(root, values, issue)) }
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ['object', 'a section of settings'],
  ['array', 'a list'],
  ['string', 'a text'],
  ['number', 'a number'],
  ['boolean', 'true or false'],
])

/** The message of an issue whose type has none of its own. */
function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return `expected ${KINDS.get(issue.expected) ?? issue.expected}`
  if (issue.code !== 'invalid_value') return undefined
  return `expected ${issue.values.join(', ').replace(/, ([^,]*)$/, ' or $1')}`
}

function complaintsOf(root: Section, values: unknown, issue: z.core.$ZodIssue): Complaint[] {
  // zod's paths may hold symbols; keys of YAML are texts and numbers.
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(root, path, key), of: 'key' }))
  }
  const value = valueAt(values, path)
  if (value === undefined && issue.code !== 'custom') return [{ path, message: `missing: ${issue.message}` }]
  const meant = issue.code === 'invalid_value' ? nearest(String(value), issue.values.map(String)) : undefined
  const suggestion = meant === undefined ? '' : `, did you mean "${meant}"?`
  return [{ path, message: `${shownUrl(issue.message)}${got(root, path, value, issue.message)}${suggestion}` }]
}

/** The value in question, where it may be shown, says more than the message, and is not in it yet. */
function got(root: Section, path: Path, value: unknown, message: string): string {
  const field = fieldAt(root, path)
  const isExpectation = message.startsWith('expected')
  if (!field || field.secret || field.file || value === undefined || !isExpectation) return ''
  if (value === null) return ', got nothing'
  if (field.shape.kind === 'section' && isRecord(value)) return ''
  // A text in the place of a section may be a secret that was put one level too high.
  if (typeof value === 'object' || field.shape.kind !== 'value') return `, got a ${kindOf(value)}`
  const text = String(value)
  return message.includes(`"${text}"`) ? '' : `, got ${JSON.stringify(short(shownUrl(text)))}`
}

function kindOf(value: unknown): string {
  if (typeof value === 'object') return Array.isArray(value) ? 'list' : 'section'
  return typeof value === 'string' ? 'text' : typeof value
}

function unknownKey(root: Section, path: Path, key: string): string {
  if (isSettingNotYet([...path, key])) return NOT_YET
  const section = sectionAt(root, path)
  if (!section) return 'unknown key'
  const known = [...section.fields.values()].flatMap(spellings)
  const meant = below(section, key) ?? nearest(key, known)
  if (meant !== undefined) return `unknown key, did you mean "${meant}"?`
  return known.length > 15 ? 'unknown key' : `unknown key, expected ${known.join(', ')}`
}

function sectionAt(root: Section, path: Path): Section | undefined {
  if (path.length === 0) return root
  const shape = fieldAt(root, path)?.shape
  return shape?.kind === 'list' ? shape.item : shape?.kind === 'section' ? shape : undefined
}

/** Where a setting stands that was written one level too high, as `routes[].token`. */
function below(section: Section, key: string): string | undefined {
  for (const { name, shape } of section.fields.values()) {
    if (shape.kind === 'value') continue
    const inner = shape.kind === 'list' ? shape.item : shape
    const field = [...inner.fields.values()].find((candidate) => spellings(candidate).includes(key))
    if (field) return `${name}${shape.kind === 'list' ? '[]' : ''}.${key}`
  }
  return undefined
}

/** Whether a complaint only follows from a file that could not be read: its section misses what the file would give. */
export const followsFrom = (complaint: Complaint, unread: readonly Complaint[]) =>
  unread.some(
    ({ path }) => complaint.path.length <= path.length && complaint.path.every((key, index) => path[index] === key),
  )
