/** A configuration file, YAML 1.2 or JSON: its values, and where each stands. */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml'
import { isRecord } from './record.ts'
import type { Path } from './shape.ts'

/** Counted from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

interface YamlProblem {
  readonly at: Position
  readonly message: string
}

/** What a file says. Where it is no YAML at all, `values` is empty. */
export interface YamlFile {
  readonly values: Record<string, unknown>
  readonly problems: readonly YamlProblem[]
  /**
   * Where the value at a path stands, or its key. Where there is no such value, where the innermost value on the way
   * has its key; undefined where nothing of the path is in the file.
   */
  readonly positionOf: (path: Path, of: 'value' | 'key') => Position | undefined
}

/** Aliases may repeat this much; more is an anchor bomb. */
const MAX_ALIASES = 100

const LONE_ALIAS = 'an alias (*name) without its anchor (&name); quote a text that begins with *'

/**
 * What each error means. The parser's own messages quote the file, and a file may hold a secret: they are never shown.
 */
const ERRORS: ReadonlyMap<string, string> = new Map([
  ['BAD_ALIAS', LONE_ALIAS],
  ['BAD_DQ_ESCAPE', 'an unknown escape in a text in double quotes; single quotes take a text as it is'],
  ['BAD_INDENT', 'wrong indentation, or a bracket that is not closed'],
  ['BAD_SCALAR_START', 'a text that begins with this character needs quotes'],
  ['BLOCK_AS_IMPLICIT_KEY', 'a setting within a setting stands on its own line; quote a text that holds ": "'],
  ['MISSING_CHAR', 'a quote, bracket, comma or colon is missing'],
  ['MULTILINE_IMPLICIT_KEY', 'a key stands on one line; is a colon missing?'],
  ['MULTIPLE_DOCS', 'expected one document: remove what follows ---'],
  ['TAB_AS_INDENT', 'indent with blanks, not with tabs'],
  ['TAG_RESOLVE_FAILED', 'tags (!name) have no meaning here; quote a text that begins with !'],
])

const EMPTY = { values: {}, positionOf: () => undefined }
const START: Position = { line: 1, column: 1 }

/** Reads YAML, of which JSON is a part. Never throws. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter()
  try {
    const document = parse(text, lines)
    const broken = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
      at: position(lines, pos[0]),
      message: ERRORS.get(code) ?? 'not valid YAML here',
    }))
    if (broken.length > 0) return { ...EMPTY, problems: broken }
    return evaluate(document, lines)
  } catch (error) {
    // The parser and the alias bound throw on hostile input only: nesting deeper than the stack, and anchor bombs.
    const message = error instanceof RangeError ? 'nested too deeply' : 'aliases (*name) repeat too much'
    return { ...EMPTY, problems: [{ at: START, message }] }
  }
}

const parse = (text: string, lineCounter: LineCounter) =>
  parseDocument(text, {
    lineCounter,
    version: '1.2',
    schema: 'core',
    // A file that declares %YAML 1.1 must not turn `no` into false, or merge keys on.
    merge: false,
    resolveKnownTags: false,
    // The parser's own search for keys that stand twice takes minutes for 1 MiB of keys.
    uniqueKeys: false,
    prettyErrors: false,
    // `silent` would also swallow the error of a second document.
    logLevel: 'error',
  })

function evaluate(document: Document.Parsed, lines: LineCounter): YamlFile {
  const problems = removeMeaningless(document, lines)
  const values: unknown = document.toJS({ maxAliasCount: MAX_ALIASES })
  const positionOf = (path: Path, of: 'value' | 'key') => locate(document, lines, path, of)
  if (isRecord(values)) return { values, problems, positionOf }
  const isNothing = values === null || values === undefined
  const message = 'expected settings, such as: upstream: http://127.0.0.1:8000'
  return { ...EMPTY, problems: isNothing ? problems : [...problems, { at: START, message }] }
}

/** Keys that are no text or would name the prototype, and aliases of nothing, are taken out before values are made. */
function removeMeaningless(document: Document.Parsed, lines: LineCounter): YamlProblem[] {
  const problems: YamlProblem[] = []
  const anchors = new Set<string>()
  const remove = (node: unknown, message: string) => {
    problems.push({ at: position(lines, offset(node) ?? 0), message })
    return visit.REMOVE
  }
  visit(document, {
    Pair(_, { key }) {
      const isGood = isScalar(key) && key.value !== null && key.value !== '__proto__'
      return isGood ? undefined : remove(key, 'a key is the name of a setting')
    },
    Map(_, map) {
      if (map.anchor !== undefined) anchors.add(map.anchor)
      for (const key of secondKeys(map)) {
        problems.push({ at: position(lines, offset(key) ?? 0), message: 'this key stands twice in its section' })
      }
    },
    Seq(_, { anchor }) {
      if (anchor !== undefined) anchors.add(anchor)
    },
    Scalar(_, scalar) {
      if (scalar.anchor !== undefined) anchors.add(scalar.anchor)
      keepSpelling(scalar)
    },
    Alias(_, alias) {
      return anchors.has(alias.source) ? undefined : remove(alias, LONE_ALIAS)
    },
  })
  return problems
}

/** A number that would read back as another text (`0123`, `1e10`, `0x1F`, `1.10`) stays the text it is: it may be a secret. */
function keepSpelling(scalar: Scalar): void {
  if (typeof scalar.value !== 'number' || scalar.source === undefined) return
  if (String(scalar.value) !== scalar.source) scalar.value = scalar.source
}

/** Keys that stand in a mapping already. */
function secondKeys(map: YAMLMap): unknown[] {
  const seen = new Set<string>()
  return map.items.flatMap(({ key }) => {
    const name = isScalar(key) ? String(key.value) : undefined
    if (name === undefined) return []
    if (seen.has(name)) return [key]
    seen.add(name)
    return []
  })
}

function locate(document: Document.Parsed, lines: LineCounter, path: Path, of: 'value' | 'key'): Position | undefined {
  let node: unknown = document.contents
  let found: number | undefined
  for (const [index, key] of path.entries()) {
    const pair = child(document, node, key)
    if (!pair) break
    const isWanted = index === path.length - 1 && of === 'value'
    found = (isWanted ? offset(pair.value) : undefined) ?? offset(pair.key) ?? offset(pair.value) ?? found
    node = pair.value
  }
  return found === undefined ? undefined : position(lines, found)
}

/** The entry of a mapping or a list; an entry of a list has no key. */
function child(document: Document.Parsed, node: unknown, key: string | number): Partial<Pair> | undefined {
  const target = isAlias(node) ? node.resolve(document) : node
  if (isSeq(target)) {
    const value = target.items[Number(key)]
    return value === undefined ? undefined : { value }
  }
  if (!isMap(target)) return undefined
  return target.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key))
}

function offset(node: unknown): number | undefined {
  if (!isNode(node)) return undefined
  // An empty value has no place of its own.
  if (isScalar(node) && node.value === null && node.source === '') return undefined
  return node.range?.[0]
}

function position(lines: LineCounter, at: number): Position {
  const { line, col } = lines.linePos(at)
  return { line, column: col }
}
