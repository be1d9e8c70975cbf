/**
 * What the checks have to say of their settings in the light of the rest of the route. Each section is read by itself,
 * so that a mistake elsewhere hides none.
 */
import type { RouteFacts } from '../checks/define.ts'
import { DEFINITIONS } from '../checks/index.ts'
import { paramNames } from '../policy/path.ts'
import type { Complaint } from './complaint.ts'
import { isRecord } from './record.ts'

/** @param values a merged configuration, files read */
export function judgeSections(values: unknown): Complaint[] {
  if (!isRecord(values)) return []
  const routes = Array.isArray(values.routes) ? values.routes.map((route) => (isRecord(route) ? route : {})) : []
  const facts = routes.map(factsOf)
  const all = { params: facts.flatMap(({ params }) => params), hasToken: facts.some(({ hasToken }) => hasToken) }
  return [
    ...routes.flatMap((route, index) => below(['routes', index], judgeRoute(route, factsOf(route)))),
    // Of limits over all routes, some route must have what they count by.
    ...below(['limits'], judgePlace('limits', values.limits, all)),
  ]
}

const factsOf = ({ path, token }: Record<string, unknown>): RouteFacts => ({
  params: typeof path === 'string' ? paramNames(path) : [],
  hasToken: token !== undefined,
})

function judgeRoute(route: Record<string, unknown>, facts: RouteFacts): Complaint[] {
  const hasIdentity = isRecord(route.headers) && Object.keys(route.headers).length > 0
  const message = 'identity comes from a token: the route needs a token section'
  return [
    ...(hasIdentity && !facts.hasToken ? [{ path: ['headers'], message }] : []),
    ...judgePlace('route', route, facts),
    ...below(['limits'], judgePlace('limits', route.limits, facts)),
  ]
}

function judgePlace(place: 'route' | 'limits', holder: unknown, facts: RouteFacts): Complaint[] {
  if (!isRecord(holder)) return []
  return DEFINITIONS.flatMap((check) => {
    if (check.place !== place || !check.problems || holder[check.key] === undefined) return []
    const section = check.settings.safeParse(holder[check.key])
    // What is wrong with the section itself is said by the schema of the whole.
    return section.success ? below([check.key], check.problems(section.data, facts)) : []
  })
}

const below = (
  prefix: readonly (string | number)[],
  complaints: readonly { readonly path: readonly (string | number)[]; readonly message: string }[],
): Complaint[] => complaints.map(({ path, message }) => ({ path: [...prefix, ...path], message }))
