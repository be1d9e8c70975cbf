/** The largest frame a client may send, judged from its header before a byte of payload. */
import type { FrameCheck } from '../policy/check.ts'
import { pass, refuse } from '../policy/verdict.ts'
import { size } from '../settings/size.ts'
import { defineCheck } from './define.ts'

export const frameSize = defineCheck({
  key: 'frameSize',
  place: 'limits',
  doc: 'Largest frame relayed from the client.',
  settings: size(),
  onFrame: (maxBytes) => {
    const judge: FrameCheck = (frame) =>
      frame.length <= maxBytes ? pass : refuse('message_too_big', `a frame of ${frame.length} bytes, limit ${maxBytes}`)
    return () => judge
  },
})
