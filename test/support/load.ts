/** Loading a configuration from files in memory. */
import { type LoadInput, type LoadResult, loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'

/** What a test gives; `yaml` is the configuration file, the paths of `files` are absolute. */
export interface Given {
  readonly yaml?: string
  readonly files?: Readonly<Record<string, string>>
  readonly env?: LoadInput['env']
  readonly flags?: LoadInput['flags']
}

/** Loads `/etc/wsluice/wsluice.yaml`, with `/etc/wsluice` as the working directory. */
export function load({ yaml, files = {}, env = {}, flags = {} }: Given): LoadResult {
  const all = new Map(Object.entries(files))
  if (yaml !== undefined) all.set('/etc/wsluice/wsluice.yaml', yaml)
  return loadConfig({
    env,
    flags: yaml === undefined ? flags : { config: 'wsluice.yaml', ...flags },
    cwd: '/etc/wsluice',
    readFile: (path) => {
      const text = all.get(path)
      if (text === undefined) throw new Error('no such file')
      return text
    },
  })
}

/** The lines a user sees of what is wrong; none where the configuration is good. */
export function problemsOf(given: Given): string[] {
  const result = load(given)
  return result.ok ? [] : result.problems.map(formatProblem)
}

/** A configuration that must be good. */
export function good(given: Given): Extract<LoadResult, { ok: true }> {
  const result = load(given)
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'))
  return result
}
