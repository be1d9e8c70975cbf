/** `wsluice demo`: an embedded backend, the proxy with a sample policy, and a page to try it in a browser. */
import { commandsFor, introduction } from '../demo/introduction.ts'
import { POLICY_FILE } from '../demo/policy.ts'
import { type Demo, startDemo } from '../demo/start.ts'
import { EXIT, type Terminal } from './terminal.ts'
import { untilStopped } from './until-stopped.ts'

export interface DemoFlags {
  readonly port: string
}

const LAST_PORT = 65_535

export async function demoCommand(terminal: Terminal, flags: DemoFlags): Promise<number> {
  const port = /^\d{1,5}$/.test(flags.port) ? Number(flags.port) : Number.NaN
  if (!(port <= LAST_PORT)) {
    terminal.complain(`--port: expected a port from 0 (any) to ${LAST_PORT}, got ${flags.port}`)
    return EXIT.usage
  }
  try {
    return await untilStopped(terminal, startIntroduced(terminal, port))
  } catch (error) {
    terminal.complain(error instanceof Error ? error.message : 'cannot start')
    return EXIT.failed
  }
}

/** Starts the demo; what the proxy logs meanwhile is printed after the introduction. */
async function startIntroduced({ print, version, nodeVersion }: Terminal, port: number): Promise<Demo> {
  const held: string[] = []
  let write = (line: string): void => {
    held.push(line)
  }
  const demo = await startDemo({ port, write: (line) => write(line), version, nodeVersion })
  // The sources run as they are in a checkout only: Node strips no types below node_modules.
  const install = import.meta.url.endsWith('.ts') ? 'checkout' : 'package'
  print(introduction({ ...demo, policyFile: POLICY_FILE, commands: commandsFor(install, nodeVersion) }))
  write = print
  for (const line of held) print(line)
  return demo
}
