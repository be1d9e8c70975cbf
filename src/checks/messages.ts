/** How many messages clients may send. A message counts at its first frame. */
import { pass } from '../policy/verdict.ts'
import { defineCheck } from './define.ts'
import { exceeding, meteredCandidate, meteredProblems, meteredSection, metering, ratesOf } from './metering.ts'

export const messages = defineCheck({
  key: 'messages',
  place: 'limits',
  doc: 'Messages from the client.',
  settings: meteredSection(),
  candidate: meteredCandidate(),
  problems: meteredProblems,
  exceeding,
  stateOf: ratesOf,
  onFrame: (settings, assembly) => {
    const begin = metering('messages', 'message_rate', settings, assembly)
    return (connection) => {
      const take = begin(connection)
      return (frame) => (frame.first ? take(frame.at, 1) : pass)
    }
  },
})
