/** `wsluice drain`: asks the running proxy to drain and waits; for a preStop hook. */
import type { Flags } from '../config/flags.ts'
import { MAX_TIMER_MS, readDuration } from '../settings/duration.ts'
import { ask } from './ask.ts'
import { loadOrComplain } from './load.ts'
import { EXIT, type Terminal } from './terminal.ts'

export interface DrainFlags extends Flags {
  readonly wait: string
}

/** The answer may come a moment after the wait it was asked for. */
const GRACE_MS = 5000

export async function drainCommand(terminal: Terminal, flags: DrainFlags): Promise<number> {
  let waitMs: number
  try {
    waitMs = readDuration(flags.wait, { most: MAX_TIMER_MS })
  } catch (error) {
    terminal.complain(`--wait: ${error instanceof Error ? error.message : 'failed'}, got ${flags.wait}`)
    return EXIT.usage
  }
  const loaded = loadOrComplain(terminal, flags)
  if (!loaded) return EXIT.usage
  const { admin, adminToken } = loaded.config
  if (admin === 'off') {
    terminal.complain('the admin listener is off: set admin (WS_ADMIN_LISTEN), or send SIGTERM')
    return EXIT.failed
  }
  const headers: Record<string, string> = adminToken === undefined ? {} : { Authorization: `Bearer ${adminToken}` }
  const path = `/api/drain?wait=${encodeURIComponent(flags.wait)}`
  try {
    const { status, body } = await ask(admin, { method: 'POST', path, headers }, waitMs + GRACE_MS)
    if (status === 200) return EXIT.ok
    terminal.complain(`not drained (${status}): ${body.trim()}`)
  } catch (error) {
    terminal.complain(`the admin listener does not answer: ${error instanceof Error ? error.message : 'failed'}`)
  }
  return EXIT.failed
}
