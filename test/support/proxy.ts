/** The whole proxy in this process, configured from text in memory, on ports of loopback. */
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { type Running, start } from '../../src/serve/start.ts'

/** What a test gives. Addresses and `watch` are set here; all else is the test's. */
export interface TestProxyOptions {
  /** The configuration file, which is `/test/wsluice.yaml`, unless `files` has another by now. */
  readonly yaml?: string
  readonly env?: Readonly<Record<string, string>>
  /** Texts by absolute path; relative paths in the configuration start at `/test`. A change counts from the next reload. */
  readonly files?: Readonly<Record<string, string>>
}

/** A line of the log, parsed. */
type LogLine = Readonly<Record<string, unknown>>

export interface TestProxy {
  /** The `ws://` URL of a path. */
  readonly url: (path: string) => string
  readonly port: number
  /** `host:port` of the ops listener. */
  readonly ops: string
  /** `host:port` of the admin listener. */
  readonly admin: string
  /** What was logged so far, in order. */
  readonly logs: readonly LogLine[]
  /** What was logged so far, as it was written. */
  readonly written: readonly string[]
  /** The first line, now or later, of which this holds; rejects after `withinMs`, 5 s unless given. */
  readonly line: (matches: (line: LogLine) => boolean, withinMs?: number) => Promise<LogLine>
  readonly running: Running
  /** Cuts every connection and closes the listeners. */
  readonly stop: () => Promise<void>
}

const FILE = '/test/wsluice.yaml'

const FIXED = {
  WS_LISTEN: '127.0.0.1:0',
  WS_OPS_LISTEN: '127.0.0.1:0',
  WS_ADMIN_LISTEN: '127.0.0.1:0',
  WS_WATCH: 'false',
}

/** Starts a proxy; rejects with every problem of the configuration. */
export async function startTestProxy({ yaml, env = {}, files = {} }: TestProxyOptions): Promise<TestProxy> {
  const load = () =>
    loadConfig({
      env: { ...FIXED, ...env },
      flags: yaml === undefined ? {} : { config: FILE },
      cwd: '/test',
      readFile: (path) => {
        const text = files[path] ?? (path === FILE ? yaml : undefined)
        if (text === undefined) throw new Error(`ENOENT: no such file: ${path}`)
        return text
      },
    })
  const loaded = load()
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  const log = createTestLog()
  const running = await start({ loaded, load, write: log.write, version: '0.0.0-test', nodeVersion: process.version })
  const { listen = '', ops = '', admin = '' } = running.listeners
  return {
    url: (path) => `ws://${listen}${path}`,
    port: Number(listen.slice(listen.lastIndexOf(':') + 1)),
    ops,
    admin,
    logs: log.lines,
    written: log.written,
    line: log.line,
    running,
    stop: async () => {
      const stopped = running.stop()
      running.cut()
      await stopped
    },
  }
}

function createTestLog() {
  const lines: LogLine[] = []
  const written: string[] = []
  const waiting = new Set<() => void>()
  const write = (text: string) => {
    written.push(text)
    lines.push(JSON.parse(text))
    for (const look of [...waiting]) look()
  }
  const line = (matches: (line: LogLine) => boolean, withinMs = 5000) =>
    new Promise<LogLine>((resolve, reject) => {
      const look = () => {
        const found = lines.find(matches)
        if (!found) return
        clearTimeout(timer)
        waiting.delete(look)
        resolve(found)
      }
      const timer = setTimeout(() => {
        waiting.delete(look)
        reject(new Error(`no such line within ${withinMs} ms in:\n${written.join('')}`))
      }, withinMs)
      waiting.add(look)
      look()
    })
  return { lines, written, write, line }
}
