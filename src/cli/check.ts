/** `wsluice check`: every problem of a configuration at once, or what it comes to. */
import type { Flags } from '../config/flags.ts'
import { formatEffective } from '../config/redact.ts'
import { loadOrComplain } from './load.ts'
import { EXIT, type Terminal } from './terminal.ts'

export function checkCommand(terminal: Terminal, flags: Flags): number {
  const loaded = loadOrComplain(terminal, flags)
  if (!loaded) return EXIT.usage
  for (const warning of loaded.warnings) terminal.complain(`warning: ${warning}`)
  terminal.print(formatEffective(loaded.effective))
  return EXIT.ok
}
