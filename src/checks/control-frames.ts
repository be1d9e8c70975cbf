/** How many pings, pongs and closes a client may send. */
import { Windows } from '../limits/windows.ts'
import { isControl } from '../policy/frame.ts'
import { pass, refuse } from '../policy/verdict.ts'
import { rates } from '../settings/rate.ts'
import { defineCheck } from './define.ts'

export const controlFrames = defineCheck({
  key: 'controlFrames',
  place: 'limits',
  doc: 'Control frames (ping, pong, close) per connection from the client.',
  settings: rates(),
  fallback: '100/s',
  onFrame: (limits) => () => {
    // Most clients never send one.
    let windows: Windows | undefined
    return (frame) => {
      if (!isControl(frame)) return pass
      windows ??= new Windows(limits)
      return windows.take(frame.at) ? pass : refuse('control_rate', 'too many control frames')
    }
  },
})
