/** What a `mode: dry-run` silences that stands below it. */
import { DEFINITIONS } from '../checks/index.ts'
import { isRecord, valueAt } from './record.ts'

/** Which sections judge and report only because of a mode above them. */
export function silenced(written: Record<string, unknown>): string[] {
  const routes = Array.isArray(written.routes) ? written.routes.filter(isRecord) : []
  const sections = routes.map((route, index) => sectionsOf(route, `routes[${index}]`))
  const limits = limitsOf(written.limits, 'limits')
  if (written.mode === 'dry-run') return line('process mode dry-run', [...limits, ...sections.flat()])
  const areLimitsDry = valueAt(written, ['limits', 'mode']) === 'dry-run'
  const shared = areLimitsDry ? [] : limits.filter((name) => !EARLY.has(name)).map((name) => `${name} on this route`)
  return [
    ...(areLimitsDry ? line('limits.mode dry-run', limits) : []),
    ...routes.flatMap((route, index) => {
      if (route.mode === 'dry-run')
        return line(`routes[${index}].mode dry-run`, [...(sections[index] ?? []), ...shared])
      if (valueAt(route, ['limits', 'mode']) !== 'dry-run') return []
      return line(`routes[${index}].limits.mode dry-run`, limitsOf(route.limits, `routes[${index}].limits`))
    }),
  ]
}

/** Limits over all routes that are judged before the route is known, whatever its mode. */
const EARLY: ReadonlySet<string> = new Set(
  DEFINITIONS.flatMap(({ place, key, early }) => (place === 'limits' && early ? [`limits.${key}`] : [])),
)

const line = (what: string, sections: readonly string[]) =>
  sections.length === 0 ? [] : [`${what} silences ${sections.join(', ')}`]

const keysAt = (place: 'route' | 'limits'): ReadonlySet<string> =>
  new Set(DEFINITIONS.flatMap((check) => (check.place === place ? [check.key] : [])))

const OF_ROUTE = keysAt('route')
const OF_LIMITS = keysAt('limits')

/** The checks that a route asks for, as they were written. */
export function sectionsOf(route: Record<string, unknown>, place: string): string[] {
  const checks = Object.keys(route).filter((name) => OF_ROUTE.has(name))
  return [...checks.map((name) => `${place}.${name}`), ...limitsOf(route.limits, `${place}.limits`)]
}

const limitsOf = (limits: unknown, place: string): string[] =>
  Object.keys(isRecord(limits) ? limits : {}).flatMap((name) => (OF_LIMITS.has(name) ? [`${place}.${name}`] : []))
