/** How many bytes of payload clients may send, judged from the headers of their frames. */
import { type Frame, isClose } from '../policy/frame.ts'
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
  onFrame: (settings, assembly) => metering('bytes', 'byte_rate', settings, assembly, bytesOf),
})

/** A Close ends what is limited here: it is neither dropped nor delayed. */
const bytesOf = (frame: Frame): number => (isClose(frame) ? 0 : frame.length)
