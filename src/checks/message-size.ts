/** The largest message a client may send, over all its fragments, judged from their headers. */
import type { FrameCheck } from '../policy/check.ts'
import { pass, refuse } from '../policy/verdict.ts'
import { size } from '../settings/size.ts'
import { defineCheck } from './define.ts'

export const messageSize = defineCheck({
  key: 'messageSize',
  place: 'limits',
  doc: 'Largest message relayed from the client, over all its fragments, as it is on the wire (compressed if it is).',
  settings: size(),
  onFrame: (maxBytes) => {
    const judge: FrameCheck = (frame) =>
      frame.messageLength <= maxBytes
        ? pass
        : refuse('message_too_big', `a message of ${frame.messageLength} bytes or more, limit ${maxBytes}`)
    return () => judge
  },
})
