/** From file, environment and flags to a configuration that is ready to use, or to everything that is wrong with it. */
import { ROOT, VARIABLES } from './all.ts'
import { followsFrom, judgeSettings } from './complaint.ts'
import { type ConfigurationFile, readConfiguration } from './configuration-file.ts'
import {
  CONFIG_VARIABLE,
  type Environment,
  type FromEnvironment,
  isBlank,
  readEnvironment,
  refuseBesideRoutes,
} from './environment.ts'
import { givenTwice, type Loaded, loadFiles, type ReadFile } from './files.ts'
import { type Flags, readFlags } from './flags.ts'
import { withoutIdle } from './idle-variables.ts'
import { locate } from './locate.ts'
import { merge } from './merge.ts'
import { inOrder, type Problem, printable } from './problems.ts'
import { redact } from './redact.ts'
import { judgeRules } from './rules.ts'
import { judgeSections } from './sections.ts'
import type { Config } from './settings.ts'
import { warningsOf } from './warnings.ts'

export interface LoadInput {
  readonly env: Environment
  readonly flags: Flags
  /** Relative paths of variables and flags start here. */
  readonly cwd: string
  readonly readFile: ReadFile
}

export type LoadResult =
  | {
      readonly ok: true
      readonly config: Config
      readonly warnings: readonly string[]
      /** Absolute paths of the configuration file and of every file it names. */
      readonly files: readonly string[]
      /** What was read, by path: who is given these texts loads the same. */
      readonly texts: ReadonlyMap<string, string>
      /** Top-level settings that were given; the others have their defaults. */
      readonly given: ReadonlySet<string>
      /** Defaults filled in, secrets hidden; {@link formatEffective} makes YAML of it. */
      readonly effective: Record<string, unknown>
    }
  | {
      readonly ok: false
      /** In the order of the file, then variables, then flags. */
      readonly problems: readonly Problem[]
      /** Of what is not wrong in itself, such as a variable that is none: perhaps why the rest is. */
      readonly warnings: readonly string[]
      readonly files: readonly string[]
    }

/** Loads a configuration. A mistake of the user's is a problem in the result; nothing is thrown. */
export function loadConfig({ env, flags, cwd, readFile: read }: LoadInput): LoadResult {
  const texts = new Map<string, string>()
  const readFile = (path: string): string => {
    const text = read(path)
    texts.set(path, text)
    return text
  }
  const file = readConfiguration(ROOT, namedFile(flags, env), { cwd, readFile })
  const given = readEnvironment(VARIABLES, env, cwd)
  const { route, problems: idle } = withoutIdle(VARIABLES, given.route)
  const environment = { ...given, route, problems: [...given.problems, ...idle] }
  const merged = merge(VARIABLES, { file: file.values, environment, flags: readFlags(flags) })
  const loaded = loadFiles(ROOT, merged.written, readFile)
  const { config, complaints } = judge(merged.written, loaded)
  const located = [...givenTwice(ROOT, file.values), ...complaints].map((one) => locate(ROOT, one, file, merged))
  const problems = [
    ...file.problems,
    ...environment.problems,
    ...refuseBoth(file, environment),
    // Of a file that could not be read nothing is missing; what variables and flags say is judged all the same.
    ...located.filter(({ place }) => !file.isBroken || 'variable' in place || 'flag' in place),
  ]
  const files = [...new Set([...file.files, ...loaded.files])]
  const warnings = environment.warnings.map(printable)
  if (problems.length > 0 || !config) return { ok: false, problems: inOrder(problems), warnings, files }
  return {
    ok: true,
    config,
    warnings: [...warnings, ...warningsOf(config, merged.written).map(printable)],
    files,
    texts,
    given: new Set(Object.keys(merged.written)),
    effective: redact(ROOT, merged.written),
  }
}

function namedFile(flags: Flags, env: Environment): string | undefined {
  const variable = env[CONFIG_VARIABLE]
  return flags.config ?? (isBlank(variable) ? undefined : variable)
}

function judge(written: Record<string, unknown>, loaded: Loaded) {
  const { config, complaints } = judgeSettings(ROOT, loaded.values)
  const own = [...complaints, ...judgeSections(loaded.values, loaded.complaints)].filter(
    (one) => !followsFrom(one, loaded.complaints),
  )
  return { config, complaints: [...loaded.complaints, ...own, ...judgeRules(ROOT, written)] }
}

function refuseBoth(file: ConfigurationFile, environment: FromEnvironment): Problem[] {
  if (!Object.hasOwn(file.values, 'routes')) return []
  const at = file.positionOf(['routes'], 'key')
  return refuseBesideRoutes(environment, `${file.name ?? ''}${at ? `:${at.line}:${at.column}` : ''}`)
}
