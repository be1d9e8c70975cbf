/** Routes whose paths get in each other's way. */
import { isRecord } from './record.ts'
import { type RouteConfig, routeName } from './route.ts'
import type { Config } from './settings.ts'
import { sectionsOf } from './silenced.ts'

/** Routes that are never reached, and routes that a slash more leads past. */
export function overlaps({ routes }: Config, written: Record<string, unknown>): string[] {
  const all: readonly unknown[] = Array.isArray(written.routes) ? written.routes : []
  const policied = new Set(routes.filter((_, index) => hasPolicy(all[index])))
  return routes.flatMap((route, index) => [
    ...shadowed(route, routes.slice(0, index)),
    ...passed(route, routes, policied),
  ])
}

const hasPolicy = (route: unknown): boolean => isRecord(route) && sectionsOf(route, '').length > 0

function shadowed(route: RouteConfig, before: readonly RouteConfig[]): string[] {
  const earlier = before.find(({ path }) => covers(path, route.path))
  if (!earlier) return []
  return [`route ${routeName(route)} is never reached: ${routeName(earlier)} before it takes every path of it`]
}

/** Some backends take `/ws/` for `/ws`. */
function passed(route: RouteConfig, routes: readonly RouteConfig[], policied: ReadonlySet<RouteConfig>): string[] {
  const longer = `${route.path}/`
  const other = /[/*]$/.test(route.path) ? undefined : routes.find(({ path }) => covers(path, longer))
  if (!policied.has(route) || !other || policied.has(other)) return []
  return [
    `route ${routeName(route)} is for ${route.path} alone: ${longer} is another path, which route ${routeName(other)} takes without a policy`,
  ]
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
