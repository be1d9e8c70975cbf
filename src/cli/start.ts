/** `wsluice start`: runs the proxy until a signal drains it. */
import { availableParallelism } from 'node:os'
import type { Flags } from '../config/flags.ts'
import { readFile } from '../config/read-file.ts'
import { serveAlone } from '../serve/alone.ts'
import { start } from '../serve/start.ts'
import { WORKER_VARIABLE } from '../workers/member.ts'
import { serveByWorkers } from '../workers/primary.ts'
import { workersOf } from '../workers/size.ts'
import { work } from '../workers/worker.ts'
import { type Loaded, load, loadOrComplain } from './load.ts'
import { EXIT, type Terminal } from './terminal.ts'
import { untilStopped } from './until-stopped.ts'

export async function startCommand(terminal: Terminal, flags: Flags): Promise<number> {
  if (terminal.env[WORKER_VARIABLE] !== undefined) return await workCommand(terminal, flags)
  const loaded = loadOrComplain(terminal, flags)
  if (!loaded) return EXIT.usage
  const { version, nodeVersion, print: write } = terminal
  try {
    const options = { loaded, load: () => load(terminal, flags), write, version, nodeVersion }
    return await untilStopped(terminal, start(options, servingOf(terminal, loaded)))
  } catch (error) {
    terminal.complain(error instanceof Error ? error.message : 'cannot start')
    return EXIT.failed
  }
}

function servingOf({ print: write, complain }: Terminal, { config }: Loaded) {
  const size = workersOf(config.workers, { processors: availableParallelism(), readFile })
  return size === 1 ? serveAlone : serveByWorkers({ size, write, complain })
}

/** The same command in a process that a primary started. */
async function workCommand(terminal: Terminal, flags: Flags): Promise<number> {
  const { version, nodeVersion, print: write, onSignal } = terminal
  // A terminal and systemd send theirs to every process: what to do about it is the primary's to say.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) onSignal(signal, () => {})
  try {
    await work({ load: (read) => load(terminal, flags, read), write, version, nodeVersion })
    return EXIT.ok
  } catch (error) {
    terminal.complain(error instanceof Error ? error.message : 'the worker failed')
    return EXIT.failed
  }
}
