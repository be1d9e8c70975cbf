/** How many messages a client may send. A message counts at its first frame. */
import { Windows } from '../limits/window.ts'
import { pass, refuse } from '../policy/verdict.ts'
import { rates } from '../settings/rate.ts'
import { defineCheck, section } from './define.ts'

export const messages = defineCheck({
  key: 'messages',
  place: 'limits',
  doc: 'Messages from the client.',
  settings: section({
    perConnection: rates().meta({ doc: 'Messages per connection: one rate or several, all of which hold.' }),
  }),
  onFrame:
    ({ perConnection }) =>
    () => {
      const windows = new Windows(perConnection)
      return (frame) => (!frame.first || windows.take(frame.at) ? pass : refuse('message_rate', 'too many messages'))
    },
})
