/** Runs something until signals end it (contract section 7). */
import { EXIT, type Terminal } from './terminal.ts'

export interface Stoppable {
  /** Drains and stops; asked twice, it is the same stop. */
  readonly stop: () => Promise<unknown>
  /** Waits no longer. */
  readonly cut: () => void
  readonly reload: () => unknown
}

/**
 * SIGTERM and SIGINT drain; a second SIGINT cuts the drain, a second SIGTERM does not; SIGHUP reloads. One that comes
 * while it still starts counts once it has. Rejects where it cannot start.
 */
export function untilStopped(terminal: Terminal, starting: Stoppable | Promise<Stoppable>): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = Promise.resolve(starting)
    const act = (how: (running: Stoppable) => unknown) => void started.then(how).catch(reject)
    const end = () => act((running) => running.stop().then(() => resolve(EXIT.ok)))
    let interrupts = 0
    terminal.onSignal('SIGTERM', end)
    terminal.onSignal('SIGINT', () => {
      interrupts++
      if (interrupts > 1) act((running) => running.cut())
      end()
    })
    terminal.onSignal('SIGHUP', () => act((running) => running.reload()))
    started.catch(reject)
  })
}
