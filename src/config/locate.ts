/** Where what is wrong with a setting stands: who gave it, and for the file the line. */
import type { Complaint } from './complaint.ts'
import type { ConfigurationFile } from './configuration-file.ts'
import type { Source } from './given.ts'
import { inVariables } from './in-variables.ts'
import type { Merged } from './merge.ts'
import { formatPath, type Problem, problem } from './problems.ts'
import { valueAt } from './record.ts'
import { fieldAt, fileName, type Path, type Section } from './shape.ts'
import { ENVIRONMENT_ROUTE } from './variables.ts'

/** The problem of a complaint. */
export function locate(
  root: Section,
  { path, message, of }: Complaint,
  file: ConfigurationFile,
  merged: Merged,
): Problem {
  const spelled = asWritten(root, path, merged)
  const source = sourceOf(spelled, merged.sources)
  if (source) return problemOf(source, message)
  const at = file.positionOf(spelled, of ?? 'value')
  if (at && file.name !== undefined) return problem({ file: file.name, at }, message, formatPath(spelled))
  const below = sourceBelow(spelled, merged.sources)
  if (below) return problemOf(below, message)
  const isRouteOfFile = Object.hasOwn(file.values, 'routes')
  const shown = isRouteOfFile ? spelled : withoutRoute(spelled)
  return problem(file.name === undefined ? {} : { file: file.name }, message, formatPath(shown))
}

/** The file of a secret where that is what was given. */
function asWritten(root: Section, path: Path, { written }: Merged): Path {
  const name = path.at(-1)
  if (typeof name !== 'string' || !fieldAt(root, path)?.secret || valueAt(written, path) !== undefined) return path
  const other = [...path.slice(0, -1), fileName(name)]
  return valueAt(written, other) === undefined ? path : other
}

function problemOf(source: Source, message: string): Problem {
  if (source.kind === 'variable') return problem({ variable: source.name }, inVariables(message))
  return problem(source.kind === 'flag' ? { flag: source.name } : {}, message)
}

/** Who gave the setting, or the list it is an entry of. */
function sourceOf(path: Path, sources: ReadonlyMap<string, Source>): Source | undefined {
  for (let length = path.length; length > 0; length--) {
    const source = sources.get(path.slice(0, length).join('.'))
    if (source) return source
  }
  return undefined
}

/** Who gave the first setting of a section: without it the section would not be there. */
function sourceBelow(path: Path, sources: ReadonlyMap<string, Source>): Source | undefined {
  for (const [name, source] of sources) {
    if (name.startsWith(`${path.join('.')}.`)) return source
  }
  return undefined
}

/** The one route of the environment has no name a user knows. */
const withoutRoute = (path: Path): Path =>
  ENVIRONMENT_ROUTE.every((key, index) => path[index] === key) ? path.slice(ENVIRONMENT_ROUTE.length) : path
