/** How long an open connection may live. Nothing of a handshake or a frame is judged: the session itself looks at the clock. */
import { z } from 'zod'
import type { Mode } from '../policy/check.ts'
import type { SessionBounds } from '../policy/policy.ts'
import { duration } from '../settings/duration.ts'
import { size } from '../settings/size.ts'
import { defineCheck, type SettingProblem, section } from './define.ts'

/** Deadlines are no finer than this. */
const LEAST = { least: 100 }

/** Ends are spread over this part of `maxAge`. */
const JITTER_PART = 10

const slowConsumer = z.strictObject({
  buffer: size().optional().meta({
    doc: 'Most bytes that may wait here for a side that is slow. The other side is not read meanwhile, so that hardly more than one read waits: 256 KiB, or 64 KiB where the wire is portable.',
  }),
  timeout: duration(LEAST).optional().meta({
    doc: 'How long a side may take nothing of what waits for it. Without it 60 s, whatever the mode.',
  }),
})

const settings = section({
  idle: duration(LEAST).optional().meta({
    doc: 'Ends a connection on which neither side has sent a data frame for so long; pings and pongs do not count.',
  }),
  maxAge: duration(LEAST).optional().meta({ doc: 'Longest life of a connection.' }),
  maxAgeJitter: duration().optional().meta({
    doc: 'Each connection ends up to so much before `maxAge`, so that they do not all come back at once. Default: a tenth of it.',
  }),
  ping: duration(LEAST).optional().meta({
    doc: 'How often the client is pinged by wsluice itself; the pongs to these are not forwarded. The backend is not pinged. In dry run none is sent.',
  }),
  pong: duration(LEAST).optional().meta({
    doc: 'Ends a connection when no byte came from the client for so long; must exceed `ping`. Not judged in dry run.',
  }),
  slowConsumer: slowConsumer.optional().meta({ doc: 'What becomes of a side that does not take what is sent to it.' }),
})

type Settings = z.output<typeof settings>

export const session = defineCheck({
  key: 'session',
  place: 'route',
  doc: 'How long an open connection may live.',
  settings,
  problems: (given) => [...pongProblem(given), ...jitterProblem(given)],
})

function pongProblem({ ping, pong }: Settings): SettingProblem[] {
  if (pong === undefined || (ping !== undefined && pong > ping)) return []
  const message =
    ping === undefined
      ? 'needs ping: a client that only listens sends nothing unless it is pinged'
      : 'must exceed ping, or the answer cannot come in time'
  return [{ path: ['pong'], message }]
}

function jitterProblem({ maxAge, maxAgeJitter }: Settings): SettingProblem[] {
  if (maxAgeJitter === undefined || (maxAge !== undefined && maxAgeJitter <= maxAge)) return []
  const message =
    maxAge === undefined ? 'needs maxAge, which it is a part of' : 'is more than maxAge, which it is a part of'
  return [{ path: ['maxAgeJitter'], message }]
}

/** @param mode that of the route */
export function sessionBounds({ maxAge, maxAgeJitter, ...rest }: Settings, mode: Mode): SessionBounds {
  const age = maxAge === undefined ? {} : { maxAge, maxAgeJitter: maxAgeJitter ?? maxAge / JITTER_PART }
  return { ...rest, ...age, mode: mode === 'dry-run' ? mode : (rest.mode ?? mode) }
}
