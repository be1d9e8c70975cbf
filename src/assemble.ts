/** Compiles a configuration into a policy: done once at start and on each reload, swapped as one immutable value. */
import type { Assembly, CheckDefinition } from './checks/define.ts'
import { notDraining } from './checks/draining.ts'
import { DEFINITIONS } from './checks/index.ts'
import { matchRoute } from './checks/route.ts'
import { requestShape } from './checks/shape.ts'
import type { Config, RouteConfig } from './config/settings.ts'
import type { Counts } from './limits/counts.ts'
import { parseTrusted } from './net/cidr.ts'
import type { Upstream } from './net/upstream.ts'
import { type Answers, compileAnswers } from './policy/answers.ts'
import type { FrameStep, Mode, Step } from './policy/check.ts'
import { compilePath } from './policy/path.ts'
import type { Policy, RoutePolicy } from './policy/policy.ts'
import type { KeySet } from './tokens/key-set.ts'
import { tokenStrip, tokenTraces } from './tokens/route-tokens.ts'

/** What outlives a reload, and what a policy needs of the process. */
export interface Parts<Upstreams> {
  readonly counts: Counts
  readonly keySet: (url: string) => KeySet
  readonly isDraining: () => boolean
  /** Makes the proxy's own notion of a route's backends. */
  readonly upstreams: (upstreams: readonly Upstream[]) => Upstreams
}

/** The route's name in logs and metrics. */
const routeName = (route: RouteConfig): string => route.name ?? route.path

/** A name no route can have: names begin with a letter or digit, paths with a slash. */
const UNMATCHED = 'none'

export function assemble<U>(config: Config, parts: Parts<U>): Policy<U | undefined> {
  const routes = (config.routes ?? []).map((route) => assembleRoute(route, config, parts))
  const paths = (config.routes ?? []).map((route) => ({ name: routeName(route), match: compilePath(route.path) }))
  const byName = new Map(routes.map((route) => [route.name, route]))
  // Without a backend there is nothing to pass an unmatched upgrade to, dry run or not.
  const routeMode: Mode = config.upstream ? config.mode : 'enforce'
  return {
    entry: [
      { check: 'drain', mode: 'enforce', needs: [], judge: notDraining(parts.isDraining) },
      { check: 'route', mode: routeMode, needs: [], judge: matchRoute(paths) },
    ],
    routes: byName,
    unmatched: unmatchedRoute(config, parts),
    routeOf: (path) => byName.get(paths.find(({ match }) => match(path))?.name ?? ''),
    answers: assembleAnswers(config),
    identityHeaders: identityHeaders(config),
    trust: parseTrusted(config.trustedProxies),
    mode: config.mode,
  }
}

function assembleAnswers({ closeCodes }: Config): Answers {
  const { preset, ...overrides } = closeCodes
  return compileAnswers(preset, overrides)
}

const identityHeaders = ({ routes }: Config): string[] =>
  (routes ?? []).flatMap(({ headers }) => [headers.user, headers.claims].flatMap((name) => name?.toLowerCase() ?? []))

function assembleRoute<U>(route: RouteConfig, config: Config, parts: Parts<U>): RoutePolicy<U | undefined> {
  const mode = strictest(config.mode, route.mode)
  const tokenMode = strictest(mode, route.token?.mode)
  const upstream = route.upstream ?? config.upstream
  const sections = [...processSections(config, mode, parts), ...routeSections(route, mode, parts)]
  // Stable: what limits all routes comes before what limits this one, check by check.
  sections.sort((a, b) => a.order - b.order)
  return {
    name: routeName(route),
    steps: [...shapeSteps(route, mode), ...sections.flatMap(handshakeStep)],
    frames: sections.flatMap(frameStep),
    upstreams: upstream && parts.upstreams(upstream),
    rejectWith: route.rejectWith ?? config.rejectWith,
    http: route.http,
    validateUtf8: route.validateUtf8,
    identity: route.headers,
    mode,
    tokenMode,
    ...tokenTraces(route.token?.from ?? []),
    // A dry run changes nothing the backend sees.
    ...(route.token?.strip && tokenMode === 'enforce' ? { strip: tokenStrip(route.token.from) } : {}),
  }
}

function unmatchedRoute<U>(config: Config, parts: Parts<U>): RoutePolicy<U | undefined> {
  return {
    name: UNMATCHED,
    steps: [],
    frames: [],
    upstreams: config.upstream && parts.upstreams(config.upstream),
    rejectWith: config.rejectWith,
    http: 'pass',
    validateUtf8: false,
    identity: {},
    mode: config.mode,
    tokenMode: config.mode,
    ...tokenTraces([]),
  }
}

/** Dry run anywhere above wins (contract section 8, Mode). */
const strictest = (...modes: (Mode | undefined)[]): Mode => (modes.includes('dry-run') ? 'dry-run' : 'enforce')

/** One check with its settings, ready to be assembled. */
interface Section {
  /** Place in the order of judgement. */
  readonly order: number
  readonly definition: CheckDefinition
  readonly settings: unknown
  readonly mode: Mode
  readonly assembly: Assembly
}

function processSections(config: Config, mode: Mode, parts: Parts<unknown>): Section[] {
  return placed('limits', config.limits, strictest(mode, config.limits.mode), { ...parts, scope: '' })
}

function routeSections(route: RouteConfig, mode: Mode, parts: Parts<unknown>): Section[] {
  const assembly = { ...parts, scope: routeName(route) }
  return [
    ...placed('route', route, mode, assembly),
    ...placed('limits', route.limits, strictest(mode, route.limits.mode), assembly),
  ]
}

/** The checks of one place that have settings there, or are always assembled; one for each entry of those that have many. */
function placed(place: 'route' | 'limits', settings: object, mode: Mode, assembly: Assembly): Section[] {
  const given = new Map<string, unknown>(Object.entries(settings))
  return DEFINITIONS.flatMap((definition, order) => {
    const own = given.get(definition.key) ?? (definition.always ? {} : undefined)
    if (definition.place !== place || own === undefined) return []
    const entries = definition.many && Array.isArray(own) ? own.map((entry) => [entry]) : [own]
    return entries.map((entry) => ({
      order,
      definition,
      settings: entry,
      mode: strictest(mode, modeOf(entry)),
      assembly,
    }))
  })
}

/** A section's own `mode`; of a check that has many, its one entry's. */
function modeOf(settings: unknown): Mode | undefined {
  const section: unknown = Array.isArray(settings) ? settings[0] : settings
  const isDryRun = typeof section === 'object' && section !== null && 'mode' in section && section.mode === 'dry-run'
  return isDryRun ? 'dry-run' : undefined
}

function handshakeStep({ definition, settings, mode, assembly }: Section): Step[] {
  if (!definition.onHandshake) return []
  const judge = definition.onHandshake(settings, assembly)
  return [{ check: definition.key, mode, needs: definition.needs ?? [], judge }]
}

function frameStep({ definition, settings, mode, assembly }: Section): FrameStep[] {
  if (!definition.onFrame) return []
  const begin = definition.onFrame(settings, assembly)
  const id = `${assembly.scope} ${definition.key} ${JSON.stringify(settings)}`
  return [{ check: definition.key, mode, id, begin }]
}

/** On a route with policy a request must be readable in one way only; on one without, it passes as through a tunnel. */
function shapeSteps(route: RouteConfig, mode: Mode): Step[] {
  const given = new Map<string, unknown>([...Object.entries(route), ...Object.entries(route.limits)])
  const policies = DEFINITIONS.filter(({ key, onHandshake }) => onHandshake && given.get(key) !== undefined)
  if (policies.length === 0) return []
  const reads = policies.flatMap(({ key, reads: readsOf }) => readsOf?.(given.get(key)) ?? [])
  return [{ check: 'shape', mode, needs: [], judge: requestShape([...new Set(reads)]) }]
}
