/** Route paths: `:name` is one non-empty segment, a final `*` the rest; raw, case-sensitive, whole (contract section 8). */

/** The named segments of a path that matched; undefined where it does not match. */
export type PathMatch = (path: string) => ReadonlyMap<string, string> | undefined

const NO_PARAMS: ReadonlyMap<string, string> = new Map()
const NAME = /^:([A-Za-z_][A-Za-z0-9_]*)$/

/** Names of the `:name` segments of a pattern, in order. */
export const paramNames = (pattern: string): string[] =>
  pattern.split('/').flatMap((segment) => NAME.exec(segment)?.[1] ?? [])

/** Compiles a pattern. Throws an Error that says what is wrong with it. */
export function compilePath(pattern: string): PathMatch {
  if (!pattern.startsWith('/')) throw new Error('expected a path that begins with /, such as /ws/:room or /*')
  const segments = pattern.split('/')
  const isPrefix = segments.at(-1) === '*'
  if (isPrefix) segments.pop()
  const names = segments.map(segmentName)
  if (new Set(names.filter(Boolean)).size < names.filter(Boolean).length) throw new Error('a :name stands twice')
  return (path) => match(path, segments, names, isPrefix)
}

function segmentName(segment: string): string | undefined {
  const name = NAME.exec(segment)?.[1]
  if (!name && segment.startsWith(':'))
    throw new Error(`${segment}: a name has letters, digits and _, such as :room_id`)
  if (segment.includes('*')) throw new Error('* may only be the whole last segment, such as /ws/*')
  if (/[?#\s]/.test(segment)) throw new Error('a path has no ?, # or blank: queries are not matched')
  return name
}

function match(path: string, segments: string[], names: (string | undefined)[], isPrefix: boolean) {
  const parts = path.split('/')
  if (isPrefix ? parts.length <= segments.length : parts.length !== segments.length) return undefined
  let params = NO_PARAMS
  for (let index = 0; index < segments.length; index++) {
    const part = parts[index] ?? ''
    const name = names[index]
    if (name === undefined ? part !== segments[index] : part === '') return undefined
    if (name !== undefined) params = new Map(params).set(name, part)
  }
  return params
}
