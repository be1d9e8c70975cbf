/**
 * Where a field stands in a JSON value: names with dots between them (`payload.authorization`), a number being the place in a
 * list. A dot or a backslash in a name has a backslash before it.
 */

const MOST_NAMES = 16
const EXPECTED = 'expected the names of fields with dots between them, such as payload.authorization'

/** Throws an Error that says what was expected. */
export function parseJsonPath(text: string): string[] {
  const names = (text.match(/(?:\\.|[^\\.])+|\./gs) ?? []).filter((part) => part !== '.')
  const written = names.join('.')
  if (text === '' || written !== text || /\\(?![\\.])/.test(text.replace(/\\[\\.]/g, ''))) throw new Error(EXPECTED)
  if (names.length > MOST_NAMES) throw new Error(`expected at most ${MOST_NAMES} names`)
  return names.map((name) => name.replace(/\\(.)/gs, '$1'))
}

/** The value that stands there; undefined where there is none. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value
  for (const name of path) found = fieldOf(found, name)
  return found
}

/**
 * How many fields stand where a path leads, if case does not count: with two of them, readers for which it does not see
 * another value than those for which it does (trap 31).
 */
export function spellingsAt(value: unknown, path: readonly string[]): number {
  let found = value
  for (const name of path) {
    const spelled = spellings(found, name)
    if (spelled > 1) return spelled
    found = fieldOf(found, name)
  }
  return found === undefined ? 0 : 1
}

/** Of a list the item, of an object its own field: what it inherits is none. */
function fieldOf(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return /^(?:0|[1-9]\d{0,8})$/.test(name) ? value[Number(name)] : undefined
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name] // It has that key.
}

function spellings(value: unknown, name: string): number {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 1
  const folded = fold(name)
  return Object.keys(value).filter((key) => fold(key) === folded).length
}

/** As Unicode folds case, or nearly: to readers in Go an old long s is an s, too. */
const fold = (name: string) => name.toUpperCase().toLowerCase()
