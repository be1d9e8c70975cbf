/** How many frames a message may have: a counter of complete messages never sees one that never ends (trap 43). */
import type { FrameCheck } from '../policy/check.ts'
import { pass, refuse } from '../policy/verdict.ts'
import { count } from '../settings/count.ts'
import { defineCheck } from './define.ts'

export const fragments = defineCheck({
  key: 'fragments',
  place: 'limits',
  doc: 'Most frames a message from the client may have.',
  settings: count(1),
  fallback: 16384,
  onFrame: (max) => {
    const judge: FrameCheck = (frame) =>
      frame.fragments <= max ? pass : refuse('message_too_big', `a message of more than ${max} fragments`)
    return () => judge
  },
})
