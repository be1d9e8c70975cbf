/** Runs something until signals end it (contract section 7). */
import { EXIT, type Terminal } from './terminal.ts'

export interface Stoppable {
  /** Drains and stops; asked twice, it is the same stop. */
  readonly stop: () => Promise<unknown>
  /** Waits no longer. */
  readonly cut: () => void
  readonly reload: () => unknown
}

/** SIGTERM and SIGINT drain; a second SIGINT cuts the drain, a second SIGTERM does not; SIGHUP reloads. */
export function untilStopped(terminal: Terminal, { stop, cut, reload }: Stoppable): Promise<number> {
  return new Promise((resolve) => {
    let interrupts = 0
    const end = () => void stop().then(() => resolve(EXIT.ok))
    terminal.onSignal('SIGTERM', end)
    terminal.onSignal('SIGINT', () => {
      interrupts++
      if (interrupts > 1) cut()
      end()
    })
    terminal.onSignal('SIGHUP', () => void reload())
  })
}
