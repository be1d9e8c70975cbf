/** `wsluice start`: runs the proxy until a signal drains it. */
import type { Flags } from '../config/flags.ts'
import { start } from '../serve/start.ts'
import { load, loadOrComplain } from './load.ts'
import { EXIT, type Terminal } from './terminal.ts'
import { untilStopped } from './until-stopped.ts'

export async function startCommand(terminal: Terminal, flags: Flags): Promise<number> {
  const loaded = loadOrComplain(terminal, flags)
  if (!loaded) return EXIT.usage
  const { version, nodeVersion, print: write } = terminal
  try {
    const starting = start({ loaded, load: () => load(terminal, flags), write, version, nodeVersion })
    return await untilStopped(terminal, starting)
  } catch (error) {
    terminal.complain(error instanceof Error ? error.message : 'cannot start')
    return EXIT.failed
  }
}
