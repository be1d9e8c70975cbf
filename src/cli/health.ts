/** `wsluice health`: whether the running proxy answers; for HEALTHCHECK. */
import type { Flags } from '../config/flags.ts'
import { ask } from './ask.ts'
import { loadOrComplain } from './load.ts'
import { EXIT, type Terminal } from './terminal.ts'

export interface HealthFlags extends Flags {
  readonly ready?: boolean | undefined
}

const TIMEOUT_MS = 3000

export async function healthCommand(terminal: Terminal, flags: HealthFlags): Promise<number> {
  const loaded = loadOrComplain(terminal, flags)
  if (!loaded) return EXIT.usage
  const { ops } = loaded.config
  if (ops === 'off') {
    terminal.complain('the ops listener is off: set ops (WS_OPS_LISTEN)')
    return EXIT.failed
  }
  try {
    const { status, body } = await ask(ops, { method: 'GET', path: flags.ready ? '/readyz' : '/healthz' }, TIMEOUT_MS)
    if (status === 200) return EXIT.ok
    terminal.complain(`unhealthy (${status}): ${body.trim()}`)
  } catch (error) {
    terminal.complain(`the ops listener does not answer: ${error instanceof Error ? error.message : 'failed'}`)
  }
  return EXIT.failed
}
