/** The command line in this process: what it prints, what it complains of, and how it ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { run } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'

/** A new folder with files in it; gone when the test ends. */
export function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'wsluice-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

export interface Ended {
  readonly code: number
  readonly out: string
  /** Lines of standard error. */
  readonly err: readonly string[]
}

export interface Typed {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a command line that ends by itself. */
export async function commandLine(args: readonly string[], { cwd = tmpdir(), env = {} }: Typed = {}): Promise<Ended> {
  let out = ''
  const err: string[] = []
  const terminal: Terminal = {
    env,
    cwd,
    print: (text) => {
      out += text
    },
    complain: (line) => err.push(line),
    onSignal: () => {},
    version: '1.2.3',
    nodeVersion: 'v24.0.0',
  }
  const code = await run(args, terminal)
  return { code, out, err }
}
