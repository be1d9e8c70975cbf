/** How a route waits for first messages that carry a token. */
import type { Step } from '../policy/check.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import { nameOf, type Section } from './section.ts'

/**
 * @param sections of the route
 * @param steps its handshake checks, in order
 */
export function firstMessageOf(
  sections: readonly Section[],
  steps: readonly Step[],
): Pick<RoutePolicy, 'firstMessage'> {
  const section = sections.find(({ definition }) => definition.onFirstMessage)
  const waiting = section?.definition.onFirstMessage?.(section.settings, section.assembly)
  if (!section || !waiting || section.mode === 'candidate') return {}
  const { definition, mode } = section
  const check = nameOf(definition, mode)
  const at = steps.findIndex((step) => step.check === check)
  const parted = steps.filter((step) => step.parted)
  const ofHandshake = [...steps.slice(0, at), ...parted.map((step) => part(step, 'before'))]
  return {
    firstMessage: {
      ...waiting,
      mode,
      before: ofHandshake,
      place: { check, mode, needs: [], judge: waiting.place },
      after: steps.slice(at).map((step) => part(step, 'after')),
    },
  }
}

function part(step: Step, which: 'before' | 'after'): Step {
  const { parted, ...rest } = step
  return parted ? { ...rest, judge: parted[which] } : rest
}
