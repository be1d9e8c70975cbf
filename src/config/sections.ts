/**
 * What the checks have to say of their settings in the light of the rest of the route. Each section is read by itself,
 * and of a section with mistakes what can be read, so that one mistake hides no other.
 */
import type { z } from 'zod'
import type { CheckDefinition, RouteFacts, SettingProblem } from '../checks/define.ts'
import { DEFINITIONS } from '../checks/index.ts'
import { paramNames } from '../policy/path.ts'
import type { Complaint } from './complaint.ts'
import { isRecord } from './record.ts'
import type { Path } from './shape.ts'

/**
 * @param values a merged configuration, files read
 * @param unread what is wrong with files that could not be read, and are not in the values
 */
export function judgeSections(values: unknown, unread: readonly Complaint[]): Complaint[] {
  if (!isRecord(values)) return []
  const routes = Array.isArray(values.routes) ? values.routes.map((route) => (isRecord(route) ? route : {})) : []
  const facts = routes.map(factsOf)
  const all = { params: facts.flatMap(({ params }) => params), hasToken: facts.some(({ hasToken }) => hasToken) }
  return [
    ...routes.flatMap((route, index) => judgeRoute(['routes', index], route, factsOf(route), unread)),
    // Of limits over all routes, some route must have what they count by.
    ...judgeLimits(['limits'], values.limits, all, unread),
  ]
}

const factsOf = ({ path, token }: Record<string, unknown>): RouteFacts => ({
  params: typeof path === 'string' ? paramNames(path) : [],
  hasToken: token !== undefined,
})

type Unread = readonly Complaint[]

const TICKETS = 'a ticket stands for a token: the route needs a token section'

function judgeRoute(at: Path, route: Record<string, unknown>, facts: RouteFacts, unread: Unread): Complaint[] {
  const hasIdentity = isRecord(route.headers) && Object.keys(route.headers).length > 0
  const message = 'identity comes from a token: the route needs a token section'
  return [
    ...(route.tickets !== undefined && !facts.hasToken ? [{ path: [...at, 'tickets'], message: TICKETS }] : []),
    ...(hasIdentity && !facts.hasToken ? [{ path: [...at, 'headers'], message }] : []),
    ...judgePlace('route', at, route, facts, unread),
    ...judgeLimits([...at, 'limits'], route.limits, facts, unread),
  ]
}

function judgeLimits(at: Path, limits: unknown, facts: RouteFacts, unread: Unread): Complaint[] {
  const own = judgePlace('limits', at, limits, facts, unread)
  const candidate = isRecord(limits) ? limits.candidate : undefined
  const place = [...at, 'candidate']
  if (isRecord(candidate) && Object.keys(candidate).length === 0) {
    return [...own, { path: place, message: 'tries nothing: give it a limit' }]
  }
  return [...own, ...judgePlace('limits', place, candidate, facts, unread)]
}

function judgePlace(place: CheckDefinition['place'], at: Path, holder: unknown, facts: RouteFacts, unread: Unread) {
  if (!isRecord(holder)) return []
  return DEFINITIONS.flatMap((check) => {
    const written = holder[check.key]
    if (check.place !== place || written === undefined) return []
    return judgeSection(check, [...at, check.key], written, facts, unread)
  })
}

function judgeSection(check: CheckDefinition, at: Path, written: unknown, facts: RouteFacts, unread: Unread) {
  const found =
    check.many && Array.isArray(written)
      ? problemsOfList(check, written, facts)
      : problemsOf(check, written, unreadIn(at, unread), facts)
  return found.map(({ path, message }): Complaint => ({ path: [...at, ...path], message }))
}

/** Of a list the entries that can be read are judged. */
function problemsOfList(check: CheckDefinition, written: readonly unknown[], facts: RouteFacts): SettingProblem[] {
  const good = written.flatMap((entry, index) => {
    const { data } = check.settings.safeParse([entry])
    return Array.isArray(data) ? [{ index, entry: data[0] as unknown }] : []
  })
  const found = check.problems?.(
    good.map(({ entry }) => entry),
    facts,
  )
  return (found ?? []).map(({ path: [place, ...below], message }) => {
    const index = typeof place === 'number' ? good[place]?.index : undefined
    return { path: index === undefined ? [] : [index, ...below], message }
  })
}

function problemsOf(check: CheckDefinition, written: unknown, unread: readonly string[], facts: RouteFacts) {
  const settings = readable(check.settings, written, unread)
  try {
    return settings === undefined ? [] : (check.problems?.(settings, facts) ?? [])
  } catch (error) {
    if (error instanceof Unreadable) return []
    throw error
  }
}

/** A setting was asked for that could not be read: what depends on it is not judged. */
class Unreadable extends Error {}

/** The settings of a section without those that cannot be read, which throw when they are asked for. What is wrong with them is said elsewhere. */
function readable(schema: z.ZodType, written: unknown, unread: readonly string[]): unknown {
  const read = schema.safeParse(written)
  const bad = [...unread, ...(read.error?.issues ?? []).flatMap(namesOf)]
  if (bad.length === 0 || !isRecord(written)) return read.data
  const rest = schema.safeParse(Object.fromEntries(Object.entries(written).filter(([name]) => !bad.includes(name))))
  if (!isRecord(rest.data)) return undefined
  const get = () => {
    throw new Unreadable()
  }
  return Object.defineProperties(rest.data, Object.fromEntries(bad.map((name) => [name, { get }])))
}

const namesOf = (issue: z.core.$ZodIssue): string[] =>
  issue.code === 'unrecognized_keys' ? issue.keys : issue.path.slice(0, 1).map(String)

/** The settings of a section whose files could not be read. */
const unreadIn = (at: Path, unread: Unread): string[] =>
  unread.flatMap(({ path }) => {
    const isHere = path.length === at.length + 1 && at.every((key, index) => path[index] === key)
    return isHere ? [String(path.at(-1)).replace(/File$/, '')] : []
  })
