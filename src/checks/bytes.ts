/** How many bytes of payload clients may send, judged from the headers of their frames. */
import { type Frame, isClose } from '../policy/frame.ts'
import { pass } from '../policy/verdict.ts'
import { defineCheck } from './define.ts'
import { exceeding, meteredCandidate, meteredProblems, meteredSection, metering, ratesOf } from './metering.ts'

export const bytes = defineCheck({
  key: 'bytes',
  place: 'limits',
  doc: 'Bytes of payload from the client, of every frame, as they are on the wire (compressed if they are). A frame larger than a rate never fits it.',
  settings: meteredSection(),
  candidate: meteredCandidate(),
  problems: meteredProblems,
  exceeding,
  stateOf: ratesOf,
  onFrame: (settings, assembly) => {
    const begin = metering('bytes', 'byte_rate', settings, assembly)
    return (connection) => {
      const take = begin(connection)
      return (frame) => (isFree(frame) ? pass : take(frame.at, frame.length))
    }
  },
})

/** A Close ends what is limited here: it is neither dropped nor delayed. */
const isFree = (frame: Frame): boolean => frame.length === 0 || isClose(frame)
