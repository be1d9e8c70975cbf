/** Writes events as JSON lines. The only file that knows pino. */
import { pino } from 'pino'
import { REASONS } from '../policy/reasons.ts'
import type { Event, Observe } from './events.ts'
import { type CodeOf, LINES, type Line, type Lines } from './lines.ts'

export interface LogOptions {
  /** The least level that is written. */
  readonly level: Line['level'] | 'silent'
  /** Takes one line, its newline included. */
  readonly write: (line: string) => void
  /** ms since the epoch. */
  readonly now: () => number
  /** The close codes in force, for refusals that dry run did not make; without it those of the REASONS table. */
  readonly codeOf?: CodeOf
  /** Stands in each line, where there are several processes that write. */
  readonly worker?: number
}

/** The log: one line for each event whose level is high enough, `time` in ISO 8601, `level` a word. */
export function createLog(options: LogOptions): Observe {
  const { level, write, now, codeOf = (reason) => REASONS[reason].code, worker } = options
  const logger = pino(
    {
      level,
      base: worker === undefined ? null : { worker },
      timestamp: stamping(now),
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  )
  const hasDebug = logger.isLevelEnabled('debug')
  return (event) => {
    // One for each handshake, and seldom wanted: not even made.
    if (event.type === 'answered' && !hasDebug && event.result !== 'upstream_error') return
    const { level: of, fields, msg } = lineOf(event, codeOf)
    logger[of](fields, msg)
  }
}

/** The time of a line; lines of the same millisecond share it. */
function stamping(now: () => number): () => string {
  let at = Number.NaN
  let stamp = ''
  return () => {
    const time = now()
    if (time !== at) stamp = `,"time":"${new Date(time).toISOString()}"`
    at = time
    return stamp
  }
}

function lineOf<E extends Event>(event: E, codeOf: CodeOf): Line {
  const lines: Lines = LINES
  // The table's entry at `type` takes events of that type, which the compiler cannot follow through a union.
  const toLine = lines[event.type] as (event: E, codeOf: CodeOf) => Line
  return toLine(event, codeOf)
}
