/** What the command line says of settings. */
import type { Given } from './given.ts'

/** Flags as the command line has them; undefined: not given. */
export interface Flags {
  /** The configuration file. */
  readonly config?: string | undefined
  readonly listen?: string | undefined
  readonly upstream?: string | undefined
  readonly dryRun?: boolean | undefined
  readonly workers?: string | undefined
}

/** The settings that flags give, by path. */
export function readFlags({ listen, upstream, dryRun, workers }: Flags): ReadonlyMap<string, Given> {
  const given: [string, string | undefined, string][] = [
    ['listen', listen, '--listen'],
    ['upstream', upstream, '--upstream'],
    ['mode', dryRun ? 'dry-run' : undefined, '--dry-run'],
    ['workers', workers, '--workers'],
  ]
  return new Map(
    given.flatMap(([path, value, name]) =>
      value === undefined ? [] : [[path, { spelling: path, value, source: { kind: 'flag', name } }] as const],
    ),
  )
}
