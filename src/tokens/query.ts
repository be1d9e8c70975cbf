import { isUtf8 } from 'node:buffer'

/** One pair of a query as it came, without its `&`. */
export interface RawPair {
  readonly name: string
  readonly value: string
}

/** Splits one pair at its first `=`. */
export function splitPair(pair: string): RawPair {
  const equals = pair.indexOf('=')
  if (equals === -1) return { name: pair, value: '' }
  return { name: pair.slice(0, equals), value: pair.slice(equals + 1) }
}

/**
 * Decodes a query component once, `+` being a space; what is not valid percent-encoded UTF-8 stays as it came. Nothing
 * is thrown on the way: a head holds thousands of components, and an error with its stack is dear.
 */
export function decodeComponent(raw: string): string {
  const spaced = raw.includes('+') ? raw.replaceAll('+', ' ') : raw
  if (!raw.includes('%')) return spaced
  if (MALFORMED.test(raw)) return raw
  const bytes = Buffer.from(unescaped(latin1(spaced)), 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : raw
}

/** A `%` that no two hexadecimal digits follow. */
const MALFORMED = /%(?![0-9a-f]{2})/i

/** The bytes of a text as UTF-8, one character each. */
const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

/** Every escape as the byte it stands for; what is malformed is overlooked. */
const unescaped = (text: string) =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** The values of the parameter `name` (compared decoded once), decoded once, in order. */
export function queryValues(rawQuery: string, name: string): string[] {
  const values: string[] = []
  for (const pair of rawQuery.split('&')) {
    const { name: written, value } = splitPair(pair)
    if (decodeComponent(written) === name) values.push(decodeComponent(value))
  }
  return values
}

/** The first value of the parameter `name`, decoded once; undefined when it is absent. */
export function queryValue(rawQuery: string, name: string): string | undefined {
  return queryValues(rawQuery, name)[0]
}

/** Nobody decodes more often than this, and without a bound `%25252525…` costs the square of its length. */
const MAX_DECODINGS = 8

/** Decodes until nothing is left to decode, byte by byte (the result is Latin-1), overlooking what is malformed. */
export function decodeFully(raw: string): string {
  let text = latin1(raw.replaceAll('+', ' '))
  for (let round = 0; round < MAX_DECODINGS; round += 1) {
    const decoded = unescaped(text)
    if (decoded === text) break
    text = decoded
  }
  return text
}

/** Tells which of the names given to `nameMatcher` a raw parameter name is, or is disguised as; undefined when none. */
export type NameMatcher = (rawName: string) => string | undefined

/**
 * Matches what some backend might take for one of `names` (trap 31): however often it is encoded, in any case, padded
 * with blanks, cut at a NUL, as an array or object (`name[]`, `name[0]`, `name.`), and with `.`, a blank or `[` where PHP
 * would read `_`.
 */
export function nameMatcher(names: readonly string[]): NameMatcher {
  const folded = names.map((name) => underscored(foldName(latin1(name))))
  return (rawName) => {
    // A request head holds thousands of names, nearly all of them plain.
    const bare = PLAIN_NAME.test(rawName) ? rawName : foldName(decodeFully(rawName))
    const flat = underscored(bare)
    const exact = folded.indexOf(flat)
    if (exact >= 0) return names[exact]
    return names[folded.findIndex((name) => flat.startsWith(name) && '[.'.includes(bare[name.length] ?? ' '))]
  }
}

/** As PHP reads a name; as long as the name. */
const underscored = (name: string) => name.replace(/[ .[]/g, '_')

const PLAIN_NAME = /^[a-z0-9_-]*$/

/** The first of the names of a matcher that stands more than once in the raw query; undefined when none does. */
export function duplicateNames(rawQuery: string, match: NameMatcher): string | undefined {
  const seen: string[] = []
  // Some servers take `;` for `&`.
  for (const pair of rawQuery.split(/[&;]/)) {
    const name = match(splitPair(pair).name)
    if (name === undefined) continue
    // No more of them than names that are looked for.
    if (seen.includes(name)) return name
    seen.push(name)
  }
  return undefined
}

function foldName(name: string): string {
  const nul = name.indexOf('\0')
  return trimmed(nul > 0 ? name.slice(0, nul) : name).toLowerCase()
}

/** Without controls and blanks at its ends, in linear time: a pattern that looks for the end tries at every blank. */
function trimmed(name: string): string {
  let start = 0
  let end = name.length
  while (start < end && name.charCodeAt(start) <= BLANK) start += 1
  while (end > start && name.charCodeAt(end - 1) <= BLANK) end -= 1
  return name.slice(start, end)
}

const BLANK = 0x20
