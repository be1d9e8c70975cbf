/** What reads the messages of a route. */
import type { MessageReader } from '../checks/define.ts'
import { MESSAGE_SIZE } from '../checks/message-content.ts'
import type { RouteConfig } from '../config/route.ts'
import type { Config } from '../config/settings.ts'
import type { MessageStep } from '../policy/check.ts'
import type { RoutePolicy } from '../policy/policy.ts'
import { nameOf, type Section } from './section.ts'

/** @param sections of the route */
export function messageSteps(
  sections: readonly Section[],
  route: RouteConfig,
  config: Config,
): Pick<RoutePolicy, 'messages' | 'outbound'> {
  const maxBytes = mostRead(route, config)
  const [messages] = sections.flatMap((one) =>
    step(one, maxBytes, one.definition.onMessage?.(one.settings, one.assembly)),
  )
  const [outbound] = sections.flatMap((one) =>
    step(one, maxBytes, one.definition.onOutbound?.(one.settings, one.assembly)),
  )
  return { ...(messages ? { messages } : {}), ...(outbound ? { outbound } : {}) }
}

/** The longest message of a route that is read, in bytes. */
export function mostRead(route: RouteConfig, config: Config): number {
  const set = [route.limits.messageSize, config.limits.messageSize].filter((size) => size !== undefined)
  return set.length === 0 ? MESSAGE_SIZE : Math.min(...set)
}

function step(section: Section, maxBytes: number, reader: MessageReader | undefined): MessageStep[] {
  const { definition, settings, mode, assembly } = section
  const exceeding = definition.exceeding?.(settings)
  if (!reader || !exceeding || mode === 'candidate') return []
  const check = nameOf(definition, mode)
  const id = `${assembly.scope} ${check} ${JSON.stringify(settings)}`
  return [{ check, mode, id, maxBytes, exceeding, ...reader }]
}
