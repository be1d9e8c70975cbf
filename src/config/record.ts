/** Values by name, as YAML and JSON hold them, and how a path leads through them. */

/** Whether a value is a mapping of names to values. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value at a path; undefined where the path leads nowhere. */
export function valueAt(tree: unknown, path: readonly (string | number)[]): unknown {
  let value = tree
  for (const key of path) {
    if (Array.isArray(value)) value = value[Number(key)]
    else if (isRecord(value) && Object.hasOwn(value, key)) value = value[key]
    else return undefined
  }
  return value
}

/** Sets a value at a path of names, making the records on the way. Where something else stands in the way it stays. */
export function setAt(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path
  if (name === undefined) return
  if (rest.length === 0) {
    tree[name] = value
    return
  }
  if (!Object.hasOwn(tree, name)) tree[name] = {}
  const inner = tree[name]
  if (isRecord(inner)) setAt(inner, rest, value)
}
