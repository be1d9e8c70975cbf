/** Where the values of named fields stand in a JSON text, found without making anything of it: what is not JSON does no harm. */

type Range = readonly [start: number, end: number]

/**
 * The values of all fields with one of these names, in order, from start to end; not those that are null or empty, and of a
 * value that holds others the whole. Takes time linear in the text.
 * @param names lower-case; a field's case does not matter
 */
export function findFields(text: string, names: ReadonlySet<string>): Range[] {
  const found: Range[] = []
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    const end = stringEnd(text, at)
    const colon = afterBlanks(text, end)
    if (text[colon] !== ':' || !names.has(nameOf(text.slice(at, end)))) {
      at = end
      continue
    }
    const start = afterBlanks(text, colon + 1)
    at = valueEnd(text, start)
    if (!EMPTY.has(text.slice(start, Math.min(at, start + LONGEST_EMPTY + 1)))) found.push([start, at])
  }
  return found
}

const EMPTY: ReadonlySet<string> = new Set(['', 'null', '""', '{}', '[]'])
const LONGEST_EMPTY = 4

/** Just past the string whose opening quote is at `at`. */
function stringEnd(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    if (!isEscaped(text, end)) return end + 1
  }
  return text.length
}

/** Whether an odd number of backslashes stands before a place. */
function isEscaped(text: string, at: number): boolean {
  let first = at
  while (text[first - 1] === '\\') first--
  return (at - first) % 2 === 1
}

function afterBlanks(text: string, at: number): number {
  let end = at
  while (isBlank(text[end])) end++
  return end
}

const isBlank = (character: string | undefined) =>
  character === ' ' || character === '\n' || character === '\r' || character === '\t'

/** A name as it is meant, whatever its case, from the string that it is written as. */
function nameOf(written: string): string {
  const bare = written.slice(1, -1)
  return (bare.includes('\\') ? decoded(written, bare) : bare).toLowerCase()
}

function decoded(written: string, bare: string): string {
  try {
    return String(JSON.parse(written))
  } catch {
    return bare
  }
}

/** Just past the value that begins at `at`; the end of the text where it does not end. */
function valueEnd(text: string, at: number): number {
  const first = text[at]
  if (first === '"') return stringEnd(text, at)
  if (first === '{' || first === '[') return nestedEnd(text, at)
  let end = at
  while (end < text.length && !/[,}\]\s]/.test(text[end] ?? '')) end++
  return end
}

function nestedEnd(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; ) {
    const character = text[at]
    if (character === '"') {
      at = stringEnd(text, at)
      continue
    }
    at++
    if (character === '{' || character === '[') depth++
    if (character === '}' || character === ']') depth--
    if (depth === 0) return at
  }
  return text.length
}
