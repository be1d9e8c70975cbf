/** How newer tokens extend the open connections of a route. */
import type { RouteConfig } from '../config/route.ts'
import type { Config } from '../config/settings.ts'
import type { Step } from '../policy/check.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import { mostRead } from './messages.ts'
import { nameOf, type Section } from './section.ts'

/**
 * @param sections of the route
 * @param steps its handshake checks, in order
 */
export function refreshOf(
  sections: readonly Section[],
  steps: readonly Step[],
  route: RouteConfig,
  config: Config,
): Pick<RoutePolicy, 'refresh'> {
  const section = sections.find(({ definition }) => definition.onRefresh)
  const refresh = section?.definition.onRefresh?.(section.settings, section.assembly)
  if (!section || !refresh || section.mode === 'candidate') return {}
  const { definition, mode, assembly } = section
  const check = nameOf(definition, mode)
  const { begin, finds, judge, ...rest } = refresh
  const at = steps.findIndex((step) => step.check === check)
  return {
    refresh: {
      ...rest,
      step: {
        check,
        mode,
        id: `${assembly.scope} ${check} refresh ${finds}`,
        maxBytes: mostRead(route, config),
        exceeding: { action: 'close', maxDelay: 0 },
        begin,
      },
      // What a token must allow beside: but its counts stay with the connection, which has them since it came.
      judged: [{ check, mode, needs: [], judge }, ...steps.slice(at + 1).filter((step) => !step.parted)],
    },
  }
}
