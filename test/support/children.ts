/** Other programs, run for a test: what they say, line by line, and their certain end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Child {
  readonly process: ChildProcess
  /** Everything it said on stdout and stderr so far, a line each. */
  readonly said: readonly string[]
  /** Calls back for every line of stdout, those of before included. */
  readonly onLine: (take: (line: string) => void) => void
  /** The match of the first line, now or later, of either stream; rejects after `withinMs` (20 s unless given), or when it ends. */
  readonly says: (pattern: RegExp, withinMs?: number) => Promise<RegExpExecArray>
  /** Ends it; resolves when it has ended. */
  readonly stop: () => Promise<void>
}

export interface ChildOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a program. It dies with this process, however that ends. */
export function startChild(command: string, args: readonly string[], options: ChildOptions = {}): Child {
  const env = { ...process.env, ...options.env }
  const child = spawn('/usr/bin/setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], { ...options, env })
  const said: string[] = []
  const stdout: string[] = []
  const takers: ((line: string) => void)[] = []
  const watchers = new Set<() => void>()
  const take = (line: string) => {
    said.push(line)
    for (const watch of [...watchers]) watch()
  }
  createInterface({ input: child.stderr }).on('line', take)
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout.push(line)
    take(line)
    for (const taker of takers) taker(line)
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', (error) => {
      take(error.message)
      resolve()
    })
  })
  const says = (pattern: RegExp, withinMs = 20_000) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer)
        watchers.delete(watch)
        act()
      }
      const watch = () => {
        const match = said.map((line) => pattern.exec(line)).find((found) => found !== null)
        if (match) settle(() => resolve(match))
      }
      const fail = (what: string) =>
        settle(() => reject(new Error(`${command} ${what} without saying ${pattern}:\n${said.join('\n')}`)))
      const timer = setTimeout(() => fail(`ran ${withinMs} ms`), withinMs)
      void ended.then(() => fail('ended'))
      watchers.add(watch)
      watch()
    })
  return {
    process: child,
    said,
    onLine: (taker) => {
      takers.push(taker)
      for (const line of stdout) taker(line)
    },
    says,
    stop: async () => {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 3000)
      await ended
      clearTimeout(timer)
    },
  }
}

/** Debian's, which has the packages; another one may come first on PATH. */
export const PYTHON = '/usr/bin/python3'
