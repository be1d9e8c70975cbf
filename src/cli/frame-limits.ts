/** What the frames and messages of an admitted connection will be judged by: each limit or section, and how it is set. */
import { isRecord, valueAt } from '../config/record.ts'
import { routeName } from '../config/route.ts'
import type { StepMode } from '../policy/check.ts'
import type { RoutePolicy } from '../policy/policy.ts'

export interface FrameLimit {
  readonly check: string
  readonly mode: StepMode
  /** Where it is set: the route's own `limits`, or those over all routes. */
  readonly scope: 'route' | 'all routes'
  /** As it is written, defaults filled in. */
  readonly setting: unknown
}

/** @param effective the configuration as it was written, defaults filled in */
export function frameLimits(route: RoutePolicy, effective: Readonly<Record<string, unknown>>): FrameLimit[] {
  const { name, frames } = route
  const routes = Array.isArray(effective.routes) ? effective.routes.filter(isRecord) : []
  const own = routes.find((route) => routeName(route) === name)
  const limits = [...new Set(frames.map(({ check }) => check))].flatMap((check) => {
    // Of each check, the limit over all routes is judged before that of the route.
    const modes = frames.filter((step) => step.check === check).map(({ mode }) => mode)
    const places = [
      { check, scope: 'all routes' as const, setting: valueAt(effective, ['limits', ...check.split('.')]) },
      { check, scope: 'route' as const, setting: valueAt(own, ['limits', ...check.split('.')]) },
    ].filter(({ setting }) => setting !== undefined)
    return places.map((place, index) => ({ ...place, mode: modes[index] ?? 'enforce' }))
  })
  return [...limits, ...ofMessages(route, own)]
}

/** The sections of the route that judge messages; the kinds of messages are judged by their frames. */
function ofMessages({ frames, refresh, messages, outbound }: RoutePolicy, own: unknown): FrameLimit[] {
  const content = messages ?? frames.find(({ check }) => check === 'messageContent')
  const steps = [
    { path: ['token', 'refresh'], step: refresh?.step },
    { path: ['messages'], step: content },
    { path: ['outbound'], step: outbound },
  ]
  return steps.flatMap(({ path, step }) =>
    step ? [{ check: step.check, mode: step.mode, scope: 'route' as const, setting: valueAt(own, path) }] : [],
  )
}

/** `messages (over all routes, dry-run): perConnection 10/s, 100/min` */
export function formatLimit({ check, mode, scope, setting }: FrameLimit): string {
  const notes = [...(scope === 'route' ? [] : ['over all routes']), ...(mode === 'enforce' ? [] : [mode])]
  return `  ${check}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}: ${written(setting)}`
}

function written(setting: unknown): string {
  if (Array.isArray(setting)) return setting.map(inner).join(', ')
  if (!isRecord(setting)) return String(setting)
  return Object.entries(setting)
    .filter(([key]) => key !== 'mode')
    .map(([key, value]) => `${key} ${inner(value)}`)
    .join('; ')
}

/** What has parts of its own, within another: where it begins and ends. */
const inner = (setting: unknown) => (isRecord(setting) ? `(${written(setting)})` : written(setting))
