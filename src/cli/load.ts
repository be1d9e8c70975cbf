/** Loads the configuration a command runs with. */

import type { Flags } from '../config/flags.ts'
import { type LoadResult, loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problems.ts'
import { readFile } from '../config/read-file.ts'
import type { Terminal } from './terminal.ts'

export type Loaded = Extract<LoadResult, { ok: true }>

/** @param read reads a file */
export const load = (terminal: Terminal, flags: Flags, read = readFile): LoadResult =>
  loadConfig({ env: terminal.env, flags, cwd: terminal.cwd, readFile: read })

/** The configuration, or undefined after every problem was complained about. */
export function loadOrComplain(terminal: Terminal, flags: Flags): Loaded | undefined {
  const result = load(terminal, flags)
  if (result.ok) return result
  for (const warning of result.warnings) terminal.complain(`warning: ${warning}`)
  for (const problem of result.problems) terminal.complain(formatProblem(problem))
  return undefined
}
