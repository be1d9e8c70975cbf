/** A check with its settings, and how it becomes steps of a policy. */
import type { Assembly, CheckDefinition } from '../checks/define.ts'
import { DEFINITIONS } from '../checks/index.ts'
import type { FrameStep, Mode, StandingStep, Step, StepMode } from '../policy/check.ts'

/** One check with its settings, ready to be assembled. */
export interface Section {
  /** Place in the order of judgement. */
  readonly order: number
  readonly definition: CheckDefinition
  readonly settings: unknown
  readonly mode: StepMode
  /** Asked for, and not what every route has. */
  readonly isPolicy: boolean
  readonly assembly: Assembly
}

/** The mode of what stands under these: dry run anywhere above wins (contract section 8, Mode). */
export const dryRunWins = (...modes: (Mode | undefined)[]): Mode => (modes.includes('dry-run') ? 'dry-run' : 'enforce')

/** The checks of one place that have settings there, or are always assembled; one for each entry of those that have many. */
export function placed(place: 'route' | 'limits', settings: object, mode: Mode, assembly: Assembly): Section[] {
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
export function tried(candidates: object, assembly: Assembly): Section[] {
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

export const isEarly = ({ definition }: Section) => definition.early === true

export function handshakeStep({ definition, settings, mode, assembly }: Section): Step[] {
  if (!definition.onHandshake) return []
  const judge = definition.onHandshake(settings, assembly)
  const { needs = [], recheck, parted } = definition
  const recheckMs = recheck?.(settings)
  return [
    {
      check: nameOf(definition, mode),
      mode,
      needs: typeof needs === 'function' ? needs(settings, assembly) : needs,
      judge,
      ...(recheckMs === undefined ? {} : { recheckMs }),
      ...(parted ? { parted: parted(settings, assembly) } : {}),
    },
  ]
}

/** Whether open connections may stay. */
export const standingStep = ({ definition, settings, mode, assembly }: Section): StandingStep[] =>
  definition.standing ? [{ check: nameOf(definition, mode), mode, judge: definition.standing(settings, assembly) }] : []

/** @param maxTrackedKeys tables of another size are others, in which an open session must count too */
export function frameStep({ definition, settings, mode, assembly }: Section, maxTrackedKeys: number): FrameStep[] {
  const begin = definition.onFrame?.(settings, assembly)
  if (!begin) return []
  const check = nameOf(definition, mode)
  const state = definition.stateOf ? definition.stateOf(settings) : settings
  const id = `${assembly.scope} ${check} ${JSON.stringify(state)} ${maxTrackedKeys}`
  const exceeding = mode === 'candidate' ? undefined : definition.exceeding?.(settings)
  return [{ check, mode, id, begin, ...(exceeding ? { exceeding } : {}) }]
}

/** A check's name in logs and metrics. */
export const nameOf = ({ key, name = key }: CheckDefinition, mode: StepMode) =>
  mode === 'candidate' ? `candidate.${name}` : name
