/** How weighty each event is. A table of its own: what is below the level of the log is not even worded. */
import type { Answered, Decided, Event, Ticketed } from './events.ts'

/** The least first. */
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof LEVELS)[number]

type LevelOf<Type extends Event['type']> = Level | ((event: Extract<Event, { readonly type: Type }>) => Level)

const refusals = ({ findings, refusal }: Decided | Ticketed): Level =>
  refusal || findings.length > 0 ? 'warn' : 'info'
const answered = ({ result }: Answered): Level => (result === 'upstream_error' ? 'warn' : 'debug')

const OF_EVENT: { readonly [Type in Event['type']]: LevelOf<Type> } = {
  decided: refusals,
  answered,
  closed: 'info',
  violated: 'warn',
  ticket: refusals,
  refreshed: 'debug',
  malformed: 'warn',
  started: 'info',
  warning: 'warn',
  reloaded: 'info',
  reload_failed: 'error',
  keys: ({ outcome }) => (outcome === 'failed' ? 'warn' : 'info'),
  authorization: ({ outcome }) => (outcome === 'failed' ? 'error' : 'info'),
  upstream_failed: 'warn',
  draining: 'info',
  drained: 'info',
  administered: 'info',
  one_client: 'warn',
  worker_ended: 'error',
  stopped: 'info',
}

export function levelOf<E extends Event>(event: E): Level {
  // The table's entry at `type` takes events of that type, which the compiler cannot follow through a union.
  const level = OF_EVENT[event.type] as Level | ((event: E) => Level)
  return typeof level === 'string' ? level : level(event)
}
