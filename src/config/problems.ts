/** What is wrong with a configuration, one line each, and where it stands. */
import type { Position } from './yaml.ts'

/** Where a problem stands: in a file, in a variable, in a flag, or nowhere because something is missing. */
export type Place =
  | { readonly file: string; readonly at?: Position | undefined }
  | { readonly variable: string }
  | { readonly flag: string }
  | Readonly<Record<string, never>>

export interface Problem {
  readonly place: Place
  /** The setting, as in `routes[1].upstream`; empty where the place says it all. */
  readonly setting: string
  readonly message: string
}

/** A problem of a place as a whole, or of one setting there. */
export const problem = (place: Place, message: string, setting = ''): Problem => ({ place, setting, message })

/** `wsluice.yaml:11:5 routes[1].upstrem: unknown key, did you mean "upstream"?` */
export function formatProblem({ place, setting, message }: Problem): string {
  const where = formatPlace(place)
  const subject = [where, setting].filter((part) => part !== '').join(' ')
  return printable(subject === '' ? message : `${subject}: ${message}`)
}

function formatPlace(place: Place): string {
  if ('variable' in place && place.variable !== undefined) return place.variable
  if ('flag' in place && place.flag !== undefined) return place.flag
  if (!('file' in place) || place.file === undefined) return ''
  return place.at ? `${place.file}:${place.at.line}:${place.at.column}` : place.file
}

/** `routes[1].token.secret` */
export const formatPath = (path: readonly (string | number)[]): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${short(key)}`)).join('')

const LONGEST_VALUE = 60

/** A value or name of the user's, bounded. */
export const short = (text: string) => (text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text)

/** Escapes control characters, line ends and what changes the direction of text: a message is one line of what it seems. */
export const printable = (text: string) =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  )

/** In the order of the file; then variables; then flags; then what is missing. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const rank = ({ place }: Problem) => ('file' in place ? 0 : 'variable' in place ? 1 : 'flag' in place ? 2 : 3)
  const at = ({ place }: Problem): Position =>
    ('file' in place && typeof place.at === 'object' ? place.at : undefined) ?? { line: 0, column: 0 }
  return problems.toSorted(
    (left, right) => rank(left) - rank(right) || at(left).line - at(right).line || at(left).column - at(right).column,
  )
}
