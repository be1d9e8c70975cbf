/** Compiles a configuration into a policy: done once at start and on each reload, swapped as one immutable value. */

import { firstMessageOf } from './assemble/first-message.ts'
import { messageSteps } from './assemble/messages.ts'
import { refreshOf } from './assemble/refresh.ts'
import {
  dryRunWins,
  frameStep,
  handshakeStep,
  isEarly,
  placed,
  type Section,
  standingStep,
  tried,
} from './assemble/section.ts'
import { pathSteps, shapeSteps } from './assemble/shape.ts'
import { askingForTickets, isOfTickets, issuing, routeTokens, tokenSources } from './assemble/tickets.ts'
import type { Assembly } from './checks/define.ts'
import { notDraining } from './checks/draining.ts'
import { matchRoute } from './checks/route.ts'
import { sessionBounds } from './checks/session.ts'
import { routeName } from './config/route.ts'
import type { Config, RouteConfig } from './config/settings.ts'
import type { Limiters } from './limits/limiters.ts'
import type { Slots } from './limits/slots.ts'
import { parseTrusted } from './net/cidr.ts'
import type { Upstream } from './net/upstream.ts'
import { type Answers, compileAnswers } from './policy/answers.ts'
import type { Mode, Step } from './policy/check.ts'
import { compilePath } from './policy/path.ts'
import type { Policy, RoutePolicy, TicketOffice } from './policy/policy.ts'
import type { Seat } from './policy/seat.ts'
import type { KeySet } from './tokens/key-set.ts'
import type { Revocations } from './tokens/revocations.ts'
import { tokenStrip, tokenTraces } from './tokens/route-tokens.ts'
import type { Tickets } from './tokens/tickets.ts'

/** What outlives a reload, and what a policy needs of the process. */
export interface Parts<Upstreams> {
  readonly counts: Slots<Seat>
  /** The same of candidate limits. */
  readonly candidateCounts: Slots<Seat>
  readonly limiters: Limiters
  readonly keySet: (url: string) => KeySet
  readonly authorization: Assembly['authorization']
  readonly revocations: Revocations
  readonly tickets: Tickets
  readonly isDraining: () => boolean
  /** Makes the proxy's own notion of a route's backends. */
  readonly upstreams: (upstreams: readonly Upstream[]) => Upstreams
}

/** A name no route can have: the configuration refuses it. */
const UNMATCHED = 'none'

export function assemble<U>(config: Config, given: Parts<U>): Policy<U | undefined> {
  const { limiters } = given
  const parts: Shelf<U> = {
    ...given,
    longestTolerance: longestTolerance(config),
    limiter: (name, rates) => limiters.get(name, rates, config.maxTrackedKeys),
    gate: (name, rates) => limiters.gate(name, rates, config.maxTrackedKeys),
  }
  return limiters.renew(() => assembleAll(config, parts))
}

/** With the tables of rates, by their whole names. */
interface Shelf<Upstreams> extends Parts<Upstreams> {
  readonly limiter: Assembly['limiter']
  readonly gate: Assembly['gate']
  readonly longestTolerance: Assembly['longestTolerance']
}

/** How long after its `exp` a token may be good on some route; undefined: for ever. */
function longestTolerance({ routes }: Config): number | undefined {
  const rules = routes.flatMap(({ token }) => token ?? [])
  if (rules.some(({ expiry }) => expiry === 'ignore')) return undefined
  return Math.max(0, ...rules.map(({ clockTolerance }) => clockTolerance))
}

function assembleAll<U>(config: Config, parts: Shelf<U>): Policy<U | undefined> {
  const routes = config.routes.map((route) => assembleRoute(route, config, parts))
  const paths = config.routes.map((route) => ({ name: routeName(route), match: compilePath(route.path) }))
  const byName = new Map(routes.map((route) => [route.name, route]))
  const byTickets = new Map(routes.flatMap((route) => (route.tickets ? [[route.tickets.path, route] as const] : [])))
  // Without a backend there is nothing to pass an unmatched upgrade to, dry run or not.
  const routeMode: Mode = config.upstream ? config.mode : 'enforce'
  return {
    entry: [
      { check: 'drain', mode: 'enforce', needs: [], judge: notDraining(parts.isDraining) },
      ...processSections(config, config.mode, parts).filter(isEarly).flatMap(handshakeStep),
      ...pathSteps(config.routes.flatMap((route) => routeSections(route, config, parts))),
      { check: 'route', mode: routeMode, needs: [], judge: matchRoute(paths) },
    ],
    routes: byName,
    unmatched: unmatchedRoute(config, parts),
    routeOf: (path) => byName.get(paths.find(({ match }) => match(path))?.name ?? ''),
    ticketsAt: (path) => byTickets.get(path),
    answers: assembleAnswers(config),
    identityHeaders: identityHeaders(config),
    trust: {
      ...parseTrusted(config.trustedProxies),
      forwardedHeader: config.forwardedHeader,
      ipv6Prefix: config.ipv6Prefix,
    },
    mode: config.mode,
  }
}

function assembleAnswers({ closeCodes }: Config): Answers {
  const { preset, ...overrides } = closeCodes
  return compileAnswers(preset, overrides)
}

const identityHeaders = ({ routes }: Config): string[] =>
  routes.flatMap(({ headers, authorize = [] }) => {
    const handed = authorize.flatMap(({ responseHeaders = [] }) => responseHeaders)
    return [headers.user, headers.claims, ...handed].flatMap((name) => name?.toLowerCase() ?? [])
  })

function assembleRoute<U>(route: RouteConfig, config: Config, parts: Shelf<U>): RoutePolicy<U | undefined> {
  const mode = dryRunWins(config.mode, route.mode)
  const tokenMode = dryRunWins(mode, route.token?.mode)
  const upstream = route.upstream ?? config.upstream
  const processWide = processSections(config, mode, parts).filter((section) => !isEarly(section))
  const sections = [...processWide, ...routeSections(route, config, parts)]
  // Stable: what limits all routes comes before what limits this one, check by check.
  sections.sort((a, b) => a.order - b.order)
  const steps = handshakeSteps(sections)
  return {
    name: routeName(route),
    steps,
    ...firstMessageOf(sections, steps),
    ...refreshOf(sections, steps, route, config),
    standing: sections.flatMap(standingStep),
    ...ticketOffice(route, config, parts),
    frames: sections.flatMap((section) => frameStep(section, config.maxTrackedKeys)),
    ...messageSteps(sections, route, config),
    // A dry run changes nothing the backend sees.
    compression: mode === 'enforce' ? route.compression : 'pass',
    upstreams: upstream && parts.upstreams(upstream),
    rejectWith: route.rejectWith ?? config.rejectWith,
    http: route.http,
    validateUtf8: route.validateUtf8,
    identity: route.headers,
    mode,
    tokenMode,
    session: sessionBounds(route.session ?? {}, mode),
    ...tokenTraces(tokenSources(route)),
    // A dry run changes nothing the backend sees.
    ...(route.token?.strip && tokenMode === 'enforce' ? { strip: tokenStrip(tokenSources(route)) } : {}),
  }
}

const handshakeSteps = (sections: readonly Section[]): Step[] => [
  ...sections.filter(isEarly).flatMap(handshakeStep),
  ...shapeSteps(sections),
  ...sections.filter((section) => !isEarly(section)).flatMap(handshakeStep),
]

function ticketOffice<U>(route: RouteConfig, config: Config, parts: Shelf<U>): { readonly tickets?: TicketOffice } {
  const asking = askingForTickets(route)
  if (!asking || !route.tickets) return {}
  const early = processSections(config, dryRunWins(config.mode, route.mode), parts)
  const sections = [...early, ...routeSections(asking, config, parts)].filter(({ definition }) =>
    isOfTickets(definition.key),
  )
  sections.sort((a, b) => a.order - b.order)
  const { path, ttl } = route.tickets
  const issue = issuing(routeName(route), ttl, parts.tickets)
  return { tickets: { path, steps: handshakeSteps(sections), issue } }
}

/** In a dry run of the whole process it is relayed: what limits all routes is judged there too. */
function unmatchedRoute<U>(config: Config, parts: Shelf<U>): RoutePolicy<U | undefined> {
  return {
    name: UNMATCHED,
    steps: [],
    frames: processSections(config, config.mode, parts).flatMap((section) => frameStep(section, config.maxTrackedKeys)),
    upstreams: config.upstream && parts.upstreams(config.upstream),
    rejectWith: config.rejectWith,
    http: 'pass',
    validateUtf8: false,
    identity: {},
    mode: config.mode,
    tokenMode: config.mode,
    session: { mode: config.mode },
    ...tokenTraces([]),
  }
}

function processSections(config: Config, mode: Mode, parts: Shelf<unknown>): Section[] {
  return limitSections(config.limits, mode, '', parts)
}

function routeSections(route: RouteConfig, config: Config, parts: Shelf<unknown>): Section[] {
  const mode = dryRunWins(config.mode, route.mode)
  const scope = routeName(route)
  return [
    ...placed('route', route, mode, { ...liveAssembly(scope, parts), ...routeTokens(route, mode, parts.tickets) }),
    ...limitSections(route.limits, mode, scope, parts),
  ]
}

/** A block of limits; each candidate is judged right before the limit that it may replace, and counts by itself. */
function limitSections(limits: RouteConfig['limits'], mode: Mode, scope: string, parts: Shelf<unknown>): Section[] {
  return [
    ...tried(limits.candidate ?? {}, candidateAssembly(scope, parts)),
    ...placed('limits', limits, dryRunWins(mode, limits.mode), liveAssembly(scope, parts)),
  ]
}

const within = (scope: string, name: string) => (scope === '' ? name : `${scope}.${name}`)

const liveAssembly = (scope: string, parts: Shelf<unknown>): Assembly => ({
  ...parts,
  scope,
  limiter: (name, rates) => parts.limiter(within(scope, name), rates),
  gate: (name, rates) => parts.gate(within(scope, name), rates),
})

const candidateAssembly = (scope: string, parts: Shelf<unknown>): Assembly => ({
  ...parts,
  scope,
  counts: parts.candidateCounts,
  limiter: (name, rates) => parts.limiter(`${within(scope, name)}.candidate`, rates),
  gate: (name, rates) => parts.gate(`${within(scope, name)}.candidate`, rates),
})
