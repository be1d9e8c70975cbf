/** One configuration out of file, environment and flags, and who gave what. */
import type { FromEnvironment } from './environment.ts'
import type { Given, Layer, Source } from './given.ts'
import { settle } from './layers.ts'
import { isRecord, setAt, valueAt } from './record.ts'
import { ENVIRONMENT_ROUTE, spellings, type Variable } from './variables.ts'

export interface Merged {
  /** As a file would say it; secrets in files are still named by their path. */
  readonly written: Record<string, unknown>
  /** Who gave the settings that are not the file's, by path joined with dots. */
  readonly sources: ReadonlyMap<string, Source>
}

export interface Origins {
  readonly file: Record<string, unknown>
  readonly environment: FromEnvironment
  readonly flags: Layer
}

/** Merges; the file's values are left as they are. */
export function merge(variables: readonly Variable[], { file, environment, flags }: Origins): Merged {
  const written = structuredClone(file)
  const sources = new Map<string, Source>()
  const put = (path: readonly string[], given: Given, target: Record<string, unknown>, above: string) => {
    const spelled = [...path.slice(0, -1), given.spelling]
    setAt(target, spelled, given.value)
    sources.set(`${above}${spelled.join('.')}`, given.source)
  }
  const settings = variables.filter(({ place }) => place === 'process')
  const secrets = new Set(settings.flatMap(({ path, field }) => (field.secret ? [path.join('.')] : [])))
  const settled = settle({ file: fileLayer(settings, file), environment: environment.process, flags }, secrets)
  for (const { path, field } of settings) {
    const given = settled.get(path.join('.'))
    if (!given || given.source.kind === 'file') continue
    for (const spelling of spellings(field)) removeAt(written, [...path.slice(0, -1), spelling])
    put(path, given, written, '')
  }
  if (Object.hasOwn(file, 'routes')) return { written, sources }
  const route: Record<string, unknown> = { name: 'default', path: '/*' }
  for (const [path, given] of environment.route) put(path.split('.'), given, route, `${ENVIRONMENT_ROUTE.join('.')}.`)
  return { written: { ...written, routes: [route] }, sources }
}

function fileLayer(settings: readonly Variable[], file: Record<string, unknown>): Layer {
  return new Map(
    settings.flatMap(({ path, field }) => {
      const held = valueAt(file, path.slice(0, -1))
      const spelling = isRecord(held) ? spellings(field).find((name) => Object.hasOwn(held, name)) : undefined
      if (!isRecord(held) || spelling === undefined) return []
      return [[path.join('.'), { spelling, value: held[spelling], source: { kind: 'file' } }]]
    }),
  )
}

function removeAt(tree: Record<string, unknown>, path: readonly string[]): void {
  const held = valueAt(tree, path.slice(0, -1))
  const name = path.at(-1)
  if (isRecord(held) && name !== undefined) delete held[name]
}
