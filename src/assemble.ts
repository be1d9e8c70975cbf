/** Compiles a configuration into a policy: done once at start and on each reload, swapped as one immutable value. */
import type { Assembly, CheckDefinition } from './checks/define.ts'
import { notDraining } from './checks/draining.ts'
import { DEFINITIONS } from './checks/index.ts'
import { soundPath } from './checks/path.ts'
import { matchRoute } from './checks/route.ts'
import { requestShape } from './checks/shape.ts'
import { routeName } from './config/route.ts'
import type { Config, RouteConfig } from './config/settings.ts'
import type { Counts } from './limits/counts.ts'
import type { Limiters } from './limits/limiters.ts'
import { parseTrusted } from './net/cidr.ts'
import type { Upstream } from './net/upstream.ts'
import { type Answers, compileAnswers } from './policy/answers.ts'
import type { FrameStep, Mode, Step, StepMode } from './policy/check.ts'
import { compilePath } from './policy/path.ts'
import type { Policy, RoutePolicy } from './policy/policy.ts'
import type { Occupant } from './policy/seat.ts'
import type { KeySet } from './tokens/key-set.ts'
import { tokenStrip, tokenTraces } from './tokens/route-tokens.ts'

/** What outlives a reload, and what a policy needs of the process. */
export interface Parts<Upstreams> {
  readonly counts: Counts<Occupant>
  /** The same of candidate limits. */
  readonly candidateCounts: Counts<Occupant>
  readonly limiters: Limiters
  readonly keySet: (url: string) => KeySet
  readonly isDraining: () => boolean
  /** Makes the proxy's own notion of a route's backends. */
  readonly upstreams: (upstreams: readonly Upstream[]) => Upstreams
}

/** A name no route can have: the configuration refuses it. */
const UNMATCHED = 'none'

export function assemble<U>(config: Config, given: Parts<U>): Policy<U | undefined> {
  const names = new Set<string>()
  const parts: Shelf<U> = {
    ...given,
    limiter: (name, rates) => {
      names.add(name)
      return given.limiters.get(name, rates, config.maxTrackedKeys)
    },
  }
  const policy = assembleAll(config, parts)
  given.limiters.retain(names)
  return policy
}

/** With the tables of rates, by their whole names. */
interface Shelf<Upstreams> extends Parts<Upstreams> {
  readonly limiter: Assembly['limiter']
}

function assembleAll<U>(config: Config, parts: Shelf<U>): Policy<U | undefined> {
  const routes = config.routes.map((route) => assembleRoute(route, config, parts))
  const paths = config.routes.map((route) => ({ name: routeName(route), match: compilePath(route.path) }))
  const byName = new Map(routes.map((route) => [route.name, route]))
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
  routes.flatMap(({ headers }) => [headers.user, headers.claims].flatMap((name) => name?.toLowerCase() ?? []))

function assembleRoute<U>(route: RouteConfig, config: Config, parts: Shelf<U>): RoutePolicy<U | undefined> {
  const mode = dryRunWins(config.mode, route.mode)
  const tokenMode = dryRunWins(mode, route.token?.mode)
  const upstream = route.upstream ?? config.upstream
  const processWide = processSections(config, mode, parts).filter((section) => !isEarly(section))
  const sections = [...processWide, ...routeSections(route, config, parts)]
  // Stable: what limits all routes comes before what limits this one, check by check.
  sections.sort((a, b) => a.order - b.order)
  return {
    name: routeName(route),
    steps: [
      ...sections.filter(isEarly).flatMap(handshakeStep),
      ...shapeSteps(sections),
      ...sections.filter((section) => !isEarly(section)).flatMap(handshakeStep),
    ],
    frames: sections.flatMap((section) => frameStep(section, config.maxTrackedKeys)),
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

/** The mode of what stands under these: dry run anywhere above wins (contract section 8, Mode). */
const dryRunWins = (...modes: (Mode | undefined)[]): Mode => (modes.includes('dry-run') ? 'dry-run' : 'enforce')

/** One check with its settings, ready to be assembled. */
interface Section {
  /** Place in the order of judgement. */
  readonly order: number
  readonly definition: CheckDefinition
  readonly settings: unknown
  readonly mode: StepMode
  /** Asked for, and not what every route has. */
  readonly isPolicy: boolean
  readonly assembly: Assembly
}

function processSections(config: Config, mode: Mode, parts: Shelf<unknown>): Section[] {
  return limitSections(config.limits, mode, '', parts)
}

function routeSections(route: RouteConfig, config: Config, parts: Shelf<unknown>): Section[] {
  const mode = dryRunWins(config.mode, route.mode)
  const scope = routeName(route)
  return [
    ...placed('route', route, mode, liveAssembly(scope, parts)),
    ...limitSections(route.limits, mode, scope, parts),
  ]
}

/** A block of limits; each candidate is judged right before the limit that it may replace, and counts by itself. */
function limitSections(limits: Config['limits'], mode: Mode, scope: string, parts: Shelf<unknown>): Section[] {
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
})

const candidateAssembly = (scope: string, parts: Shelf<unknown>): Assembly => ({
  ...parts,
  scope,
  counts: parts.candidateCounts,
  limiter: (name, rates) => parts.limiter(`${within(scope, name)}.candidate`, rates),
})

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
      mode: dryRunWins(mode, modeOf(entry)),
      isPolicy: given.get(definition.key) !== undefined && definition.fallback === undefined,
      assembly,
    }))
  })
}

/** The limits that a block tries. */
function tried(candidates: object, assembly: Assembly): Section[] {
  const given = new Map<string, unknown>(Object.entries(candidates))
  return DEFINITIONS.flatMap((definition, order) => {
    const settings = given.get(definition.key)
    if (definition.place !== 'limits' || settings === undefined) return []
    return [{ order, definition, settings, mode: 'candidate' as const, isPolicy: false, assembly }]
  })
}

/** A section's own `mode`; of a check that has many, its one entry's. */
function modeOf(settings: unknown): Mode | undefined {
  const section: unknown = Array.isArray(settings) ? settings[0] : settings
  const isDryRun = typeof section === 'object' && section !== null && 'mode' in section && section.mode === 'dry-run'
  return isDryRun ? 'dry-run' : undefined
}

const isEarly = ({ definition }: Section) => definition.early === true

function handshakeStep({ definition, settings, mode, assembly }: Section): Step[] {
  if (!definition.onHandshake) return []
  const judge = definition.onHandshake(settings, assembly)
  return [{ check: nameOf(definition, mode), mode, needs: definition.needs ?? [], judge }]
}

/** @param maxTrackedKeys tables of another size are others, in which an open session must count too */
function frameStep({ definition, settings, mode, assembly }: Section, maxTrackedKeys: number): FrameStep[] {
  if (!definition.onFrame) return []
  const begin = definition.onFrame(settings, assembly)
  const check = nameOf(definition, mode)
  const state = definition.stateOf ? definition.stateOf(settings) : settings
  const id = `${assembly.scope} ${check} ${JSON.stringify(state)} ${maxTrackedKeys}`
  const exceeding = mode === 'candidate' ? undefined : definition.exceeding?.(settings)
  return [{ check, mode, id, begin, ...(exceeding ? { exceeding } : {}) }]
}

/** A check's name in logs and metrics. */
const nameOf = ({ key }: CheckDefinition, mode: StepMode) => (mode === 'candidate' ? `candidate.${key}` : key)

/**
 * Routes are told apart by the path as it is written, so where any of them has policy a second spelling of a path must
 * not lead to another route. Without policy a request passes as through a tunnel.
 * @param sections of all routes
 */
function pathSteps(sections: readonly Section[]): Step[] {
  const policies = sections.filter(({ isPolicy }) => isPolicy)
  if (policies.length === 0) return []
  const mode = policies.some((section) => section.mode === 'enforce') ? 'enforce' : 'dry-run'
  return [{ check: 'path', mode, needs: [], judge: soundPath }]
}

/** What checks read must be there in one way only; what only checks in dry run read is a dry run too. */
function shapeSteps(sections: readonly Section[]): Step[] {
  const enforced = readsOf(sections, 'enforce')
  const tried = readsOf(sections, 'dry-run').filter((source) => !enforced.includes(source))
  return [...shapeStep('enforce', enforced), ...shapeStep('dry-run', tried)]
}

const shapeStep = (mode: Mode, reads: readonly string[]): Step[] =>
  reads.length === 0 ? [] : [{ check: 'shape', mode, needs: [], judge: requestShape(reads) }]

/** The parts of a request that the checks of a mode read, each once; of the path there is one spelling already. */
function readsOf(sections: readonly Section[], mode: Mode): string[] {
  const reads = sections
    .filter((section) => section.mode === mode)
    .flatMap(({ definition, settings }) => definition.reads?.(settings) ?? [])
  return [...new Set(reads)].filter((source) => !source.startsWith('param:'))
}
