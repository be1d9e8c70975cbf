/**
 * Regular expressions that judge what others send: matched in time linear in the text (RE2), whatever the expression. The
 * only file that knows the library.
 */
import { RE2JS } from 're2js'

export interface Expression {
  /** As it was written. */
  readonly source: string
  /** Whether any part of a text matches. */
  readonly test: (text: string) => boolean
  /** The parts that match, in order, from start to end, none of them empty. */
  readonly find: (text: string) => readonly (readonly [start: number, end: number])[]
}

/**
 * Compiles a JavaScript expression without flags. What takes more than linear time (look-around, back-references) or many
 * copies (`{1,1001}`) is unknown to RE2: throws an Error that says so.
 */
export function compileExpression(source: string, options: { readonly ignoreCase?: true } = {}): Expression {
  const compiled = compiledOf(source, options.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
  return { source, test: (text) => compiled.test(text), find: (text) => parts(compiled, text) }
}

function compiledOf(source: string, flags: number): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(source), flags)
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'not understood'
    throw new Error(`expected a regular expression that RE2 knows: ${why}`)
  }
}

function parts(compiled: RE2JS, text: string): [number, number][] {
  const found: [number, number][] = []
  for (const { index, 0: part } of compiled.matchAll(text)) {
    if (index !== undefined && part !== '') found.push([index, index + part.length])
  }
  return found
}
