/** What is allowed and probably not meant. */

import { CHECKS } from '../checks/index.ts'
import { weakSecrets } from '../tokens/keys.ts'
import { isRecord, valueAt } from './record.ts'
import { routeName } from './rules.ts'
import type { Config } from './settings.ts'

/** Warnings of a configuration that is valid. `written` is the same before it was read. */
export const warningsOf = (config: Config, written: Record<string, unknown>): string[] => [
  ...guessable(config),
  ...silenced(written),
  ...shadowed(config),
]

function guessable({ routes }: Config): string[] {
  return routes.flatMap((route) => {
    const { token } = route
    const secrets = token?.secrets ?? (token?.secret === undefined ? [] : [token.secret])
    if (weakSecrets(secrets) === 0) return []
    return [
      `route ${routeName(route)}: an HMAC secret of less than 32 bytes can be guessed; make one with: openssl rand -base64 48`,
    ]
  })
}

/** Which sections judge and report only because a `mode: dry-run` above them says so. */
function silenced(written: Record<string, unknown>): string[] {
  const routes = Array.isArray(written.routes) ? written.routes.filter(isRecord) : []
  const sections = routes.map((route, index) => sectionsOf(route, `routes[${index}]`))
  const limits = limitsOf(written.limits, 'limits')
  if (written.mode === 'dry-run') return line('process mode dry-run', [...limits, ...sections.flat()])
  return [
    ...(valueAt(written, ['limits', 'mode']) === 'dry-run' ? line('limits.mode dry-run', limits) : []),
    ...routes.flatMap((route, index) => {
      if (route.mode === 'dry-run') return line(`routes[${index}].mode dry-run`, sections[index] ?? [])
      if (valueAt(route, ['limits', 'mode']) !== 'dry-run') return []
      return line(`routes[${index}].limits.mode dry-run`, limitsOf(route.limits, `routes[${index}].limits`))
    }),
  ]
}

const line = (what: string, sections: readonly string[]) =>
  sections.length === 0 ? [] : [`${what} silences ${sections.join(', ')}`]

const CHECKED: ReadonlySet<string> = new Set(CHECKS.filter(({ place }) => place === 'route').map(({ key }) => key))

function sectionsOf(route: Record<string, unknown>, place: string): string[] {
  const checks = Object.keys(route).filter((name) => CHECKED.has(name))
  return [...checks.map((name) => `${place}.${name}`), ...limitsOf(route.limits, `${place}.limits`)]
}

const limitsOf = (limits: unknown, place: string): string[] =>
  isRecord(limits) ? Object.keys(limits).flatMap((name) => (name === 'mode' ? [] : [`${place}.${name}`])) : []

function shadowed({ routes }: Config): string[] {
  return routes.flatMap((route, index) => {
    const earlier = routes.slice(0, index).find(({ path }) => covers(path, route.path))
    return earlier
      ? [`route ${routeName(route)} is never reached: ${routeName(earlier)} before it takes every path of it`]
      : []
  })
}

/** Whether every path that the later pattern matches is matched by the earlier one. */
function covers(earlier: string, later: string): boolean {
  const above = earlier.split('/')
  const below = later.split('/')
  const isPrefix = above.at(-1) === '*'
  if (isPrefix) above.pop()
  if (isPrefix ? below.length <= above.length : below.length !== above.length || below.at(-1) === '*') return false
  return above.every((segment, index) => {
    const other = below[index]
    return segment.startsWith(':') ? other !== '' && other !== '*' : segment === other
  })
}
