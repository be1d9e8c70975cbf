/** `wsluice start`: runs the proxy until a signal drains it. */
import type { Flags } from '../config/flags.ts'
import { type Running, start } from '../serve/start.ts'
import { load, loadOrComplain } from './load.ts'
import { EXIT, type Terminal } from './terminal.ts'

export async function startCommand(terminal: Terminal, flags: Flags): Promise<number> {
  const loaded = loadOrComplain(terminal, flags)
  if (!loaded) return EXIT.usage
  try {
    const { version, nodeVersion, print: write } = terminal
    const running = await start({ loaded, load: () => load(terminal, flags), write, version, nodeVersion })
    return await untilStopped(terminal, running)
  } catch (error) {
    terminal.complain(error instanceof Error ? error.message : 'cannot start')
    return EXIT.failed
  }
}

/** SIGTERM and SIGINT drain; a second SIGINT cuts the drain, a second SIGTERM does not (contract section 7). */
function untilStopped(terminal: Terminal, running: Running): Promise<number> {
  return new Promise((resolve) => {
    let interrupts = 0
    const stop = () => void running.stop().then(() => resolve(EXIT.ok))
    terminal.onSignal('SIGTERM', stop)
    terminal.onSignal('SIGINT', () => {
      interrupts++
      if (interrupts > 1) running.cut()
      stop()
    })
    terminal.onSignal('SIGHUP', () => void running.reload())
  })
}
