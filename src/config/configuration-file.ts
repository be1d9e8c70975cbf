/** The configuration file: read, parsed, its paths made absolute. */
import { dirname, resolve } from 'node:path'
import { type ReadFile, resolvePaths } from './files.ts'
import { type Problem, problem } from './problems.ts'
import { MAX_FILE_BYTES } from './read-file.ts'
import type { Section } from './shape.ts'
import { readYaml, type YamlFile } from './yaml.ts'

export interface ConfigurationFile {
  /** As the user wrote it; undefined: there is none. */
  readonly name: string | undefined
  /** Its absolute path, if there is one. */
  readonly files: readonly string[]
  readonly values: Record<string, unknown>
  readonly problems: readonly Problem[]
  /** Nothing of it could be read, so nothing can be missing in it. */
  readonly isBroken: boolean
  readonly positionOf: YamlFile['positionOf']
}

const NONE: ConfigurationFile = {
  name: undefined,
  files: [],
  values: {},
  problems: [],
  isBroken: false,
  positionOf: () => undefined,
}

/** @param name relative to `cwd`; undefined: no file */
export function readConfiguration(
  root: Section,
  name: string | undefined,
  { cwd, readFile }: { readonly cwd: string; readonly readFile: ReadFile },
): ConfigurationFile {
  if (name === undefined) return NONE
  const path = resolve(cwd, name)
  const text = attempt(readFile, path)
  if (text instanceof Error) {
    return { ...NONE, name, files: [path], problems: [problem({ file: name }, text.message)], isBroken: true }
  }
  const { values, problems, positionOf } = readYaml(text)
  resolvePaths(root, values, dirname(path))
  return {
    name,
    files: [path],
    values,
    problems: problems.map(({ at, message }) => problem({ file: name, at }, message)),
    isBroken: problems.length > 0 && Object.keys(values).length === 0,
    positionOf,
  }
}

function attempt(readFile: ReadFile, path: string): string | Error {
  try {
    const text = readFile(path)
    return text.length > MAX_FILE_BYTES ? new Error('is larger than 1 MiB') : text
  } catch (error) {
    return error instanceof Error ? error : new Error('cannot be read')
  }
}
