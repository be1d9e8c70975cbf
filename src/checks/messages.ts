/** How many messages clients may send. A message counts at its first frame. */
import type { Frame } from '../policy/frame.ts'
import { defineCheck, type SettingProblem } from './define.ts'
import {
  exceeding,
  type Metered,
  meteredCandidate,
  meteredProblems,
  meteredSection,
  metering,
  ratesOf,
} from './metering.ts'

export const messages = defineCheck({
  key: 'messages',
  place: 'limits',
  doc: 'Messages from the client.',
  settings: meteredSection(),
  candidate: meteredCandidate(),
  problems: (settings, route) => [...meteredProblems(settings, route), ...unsaid(settings)],
  exceeding,
  stateOf: ratesOf,
  onFrame: (settings, assembly) => metering('messages', 'message_rate', settings, assembly, messagesOf),
})

const messagesOf = ({ first }: Frame): number => (first ? 1 : 0)

/** A message that is dropped is dropped at its first frame: without a number of them nothing closes. */
function unsaid({ notice, onExceed, closeAfterDrops }: Metered): SettingProblem[] {
  if (notice === undefined || onExceed !== 'drop' || closeAfterDrops !== undefined) return []
  return [{ path: ['notice'], message: 'nothing is closed: set closeAfterDrops, or onExceed to close or delay' }]
}
