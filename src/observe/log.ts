/** Writes events as JSON lines. The only file that knows pino. */
import { pino } from 'pino'
import { REASONS } from '../policy/reasons.ts'
import type { Event, Observe } from './events.ts'
import { LEVELS, type Level, levelOf } from './levels.ts'
import { type CodeOf, LINES, type Line, type Lines } from './lines.ts'

export interface LogOptions {
  /** The least level that is written. */
  readonly level: Level | 'silent'
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
  const { level: least, write, now, codeOf = (reason) => REASONS[reason].code, worker } = options
  const logger = pino(
    {
      level: least,
      base: worker === undefined ? null : { worker },
      timestamp: stamping(now),
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  )
  const written: ReadonlySet<Level> = new Set(least === 'silent' ? [] : LEVELS.slice(LEVELS.indexOf(least)))
  return (event) => {
    const level = levelOf(event)
    // What is not written is not worded either.
    if (written.has(level)) logger[level](lineOf(event, codeOf))
  }
}

/** The time of a line in ISO 8601. Lines of the same second share all but its milliseconds. */
function stamping(now: () => number): () => string {
  let at = Number.NaN
  let upToSecond = ''
  return () => {
    const time = Math.floor(now())
    const second = Math.floor(time / 1000)
    if (second !== at) upToSecond = new Date(second * 1000).toISOString().slice(0, -'000Z'.length)
    at = second
    return `,"time":"${upToSecond}${String(time - second * 1000).padStart(3, '0')}Z"`
  }
}

function lineOf<E extends Event>(event: E, codeOf: CodeOf): Line {
  const lines: Lines = LINES
  // The table's entry at `type` takes events of that type, which the compiler cannot follow through a union.
  const toLine = lines[event.type] as (event: E, codeOf: CodeOf) => Line
  return toLine(event, codeOf)
}
