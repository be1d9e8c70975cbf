/** wsluice as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath, URL } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** How long anything may take that a test waits for. */
const BOUND_MS = 15_000

type LogLine = Readonly<Record<string, unknown>>

interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Wsluice {
  readonly child: ChildProcess
  /** Everything it wrote, on either stream. */
  readonly written: () => string
  readonly errors: () => string
  /** The first log line, now or later, with this event; `from` skips as many of them. */
  readonly event: (name: string, from?: number) => Promise<LogLine>
  readonly events: (name: string) => LogLine[]
  /** Where a listener of it is, from its `started` line. */
  readonly address: (listener: 'listen' | 'ops' | 'admin') => Promise<string>
  readonly exit: Promise<Exit>
}

export interface Spawned {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Listeners on free ports of loopback, for tests that do not ask for others. */
export const ON_LOOPBACK = {
  WS_LISTEN: '127.0.0.1:0',
  WS_OPS_LISTEN: '127.0.0.1:0',
  WS_ADMIN_LISTEN: '127.0.0.1:0',
}

/** Starts it; killed when the test ends. No variable but those given, PATH and HOME reaches it. */
export function spawnWsluice(t: TestContext, args: readonly string[], { cwd, env = {} }: Spawned = {}): Wsluice {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  })
  const lines: LogLine[] = []
  let written = ''
  let errors = ''
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const look of [...waiting]) look()
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    written += `${line}\n`
    if (line.startsWith('{')) lines.push(JSON.parse(line))
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    written += String(text)
    errors += String(text)
  })
  const events = (name: string) => lines.filter((line) => line.event === name)
  // `close` comes when its output is read to the end, too.
  const exit = once(child, 'close').then(([code, signal]) => {
    wake()
    return { code, signal }
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await exit
  })
  const event = (name: string, from = 0) =>
    new Promise<LogLine>((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer)
        waiting.delete(look)
        act()
      }
      const look = () => {
        const found = events(name)[from]
        if (found) settle(() => resolve(found))
        else if (child.exitCode !== null || child.signalCode !== null)
          settle(() => reject(new Error(`ended without ${name}:\n${written}`)))
      }
      const late = () => settle(() => reject(new Error(`no ${name} within ${BOUND_MS} ms:\n${written}`)))
      const timer = setTimeout(late, BOUND_MS)
      waiting.add(look)
      look()
    })
  const address = async (listener: 'listen' | 'ops' | 'admin') => {
    // What observe logs of `started`: listeners by setting.
    const { listeners } = (await event('started')) as { listeners?: Record<string, string> }
    return listeners?.[listener] ?? ''
  }
  return { child, written: () => written, errors: () => errors, event, events, address, exit }
}

/** How long a process took to end after it was started; for commands that end by themselves. */
export async function runWsluice(t: TestContext, args: readonly string[], spawned: Spawned = {}) {
  const { exit, written, errors } = spawnWsluice(t, args, spawned)
  const { code } = await exit
  return { code, written: written(), errors: errors() }
}
