/** Whether a JSON text names a key twice in one object: one reader keeps the first, another the last (trap 42). */

/**
 * How many keys the objects of a parsed value have together: fewer than the text it was parsed from, where a key stands
 * twice in an object, however it is spelled there. No recursion: a value may be nested deeply.
 */
export function countKeys(value: unknown): number {
  let keys = 0
  const open: unknown[] = isNested(value) ? [value] : []
  for (let held = open.pop(); held !== undefined; held = open.pop()) {
    if (Array.isArray(held)) {
      for (const item of held) if (isNested(item)) open.push(item)
      continue
    }
    // What was parsed inherits nothing enumerable; `__proto__` is a key like others there.
    for (const key in held as Record<string, unknown>) {
      keys++
      const inner = (held as Record<string, unknown>)[key]
      if (isNested(inner)) open.push(inner)
    }
  }
  return keys
}

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null
