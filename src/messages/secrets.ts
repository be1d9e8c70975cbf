/** What must not leave in a message: texts that an expression matches, and the values of named fields. */
import type { Expression } from './expression.ts'
import { findFields } from './fields.ts'

export interface Secrets {
  /** What a text holds, in words that do not repeat it; undefined: nothing. */
  readonly foundIn: (text: string) => string | undefined
  /** The text with `[redacted]` in their places; undefined where what is left matches again. */
  readonly redacted: (text: string) => string | undefined
}

const REDACTED = '[redacted]'

export function secretsOf(expressions: readonly Expression[], fields: readonly string[]): Secrets {
  const names = new Set(fields.map((name) => name.toLowerCase()))
  const fieldsIn = (text: string) => (names.size === 0 ? [] : findFields(text, names))
  const matching = (text: string) => {
    const matched = expressions.findIndex(({ test }) => test(text))
    // A JSON writer may escape any character: `\/` and `\u002d` are what they stand for.
    if (matched >= 0 || !text.includes('\\')) return matched
    const meant = unescaped(text)
    return expressions.findIndex(({ test }) => test(meant))
  }
  const foundIn = (text: string) => {
    const matched = matching(text)
    if (matched >= 0) return `what deny[${matched}] matches`
    return fieldsIn(text).length > 0 ? 'a field that is named in fields' : undefined
  }
  const redacted = (text: string) => {
    // A field's value stays JSON. What an expression matches is cut out of what is left.
    const without = replaced(text, fieldsIn(text), JSON.stringify(REDACTED))
    const clean = expressions.reduce((left, { find }) => replaced(left, find(left), REDACTED), without)
    return matching(clean) >= 0 ? undefined : clean
  }
  return { foundIn, redacted }
}

/** A text with the escapes of JSON as what they stand for, wherever they are. */
function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, character: string) =>
    code === undefined ? (SHORT[character] ?? character) : String.fromCharCode(Number.parseInt(code, 16)),
  )
}

const SHORT: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** @param ranges in order, none within another */
function replaced(text: string, ranges: readonly (readonly [number, number])[], by: string): string {
  let end = 0
  const kept = ranges.map(([from, to]) => {
    const before = text.slice(end, from)
    end = to
    return before
  })
  return [...kept, text.slice(end)].join(by)
}
