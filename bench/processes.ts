/** Programs that are measured: pinned to a processor, reachable before they count, gone when the benchmark is. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer, connect as dial } from 'node:net'
import { dirname } from 'node:path'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'

const START_MS = 10_000

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface Running {
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}

/** Which processor carries what; no numbers where programs cannot be pinned. */
export interface Pinning {
  readonly proxy: readonly string[]
  readonly load: readonly string[]
  readonly text: string
}

const groups = new Set<number>()
process.on('exit', () => {
  for (const pid of groups) kill(pid)
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

/** The command prefixes that pin the proxy to one processor, and generator and backend to another. */
export function pinning(): Pinning {
  const [load, proxy] = allowedProcessors()
  if (load === undefined || proxy === undefined) return unpinned('one processor only')
  if (spawnSync('taskset', ['--version']).error) return unpinned('no taskset')
  const pin = (processor: number) => ['taskset', '-c', String(processor)]
  const text = `proxy on processor ${proxy}, generator and backend on processor ${load}`
  return { proxy: pin(proxy), load: pin(load), text }
}

const unpinned = (why: string): Pinning => ({ proxy: [], load: [], text: `not pinned (${why})` })

/** The processors this process may use, from a list such as `0-3,8`; none where the system does not say. */
function allowedProcessors(): number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readText('/proc/self/status')) ?? []
  return list.split(',').flatMap((part) => {
    const [first = NaN, last = first] = part.split('-').map(Number)
    return Number.isInteger(first) ? Array.from({ length: last - first + 1 }, (_, index) => first + index) : []
  })
}

/** A file's content, empty where it cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Starts a program and waits until its port answers. Throws with what it said where it ends before that. */
export async function start(
  program: Program,
  site: { readonly port: number; readonly log: string; readonly prefix: readonly string[] },
): Promise<Running> {
  const [command = program.command, ...args] = [...site.prefix, program.command, ...program.args]
  const log = openSync(site.log, 'w')
  // A group of its own, so that workers end with their master. Standard output is where decision logs go: read by nobody.
  const stdio = ['ignore', 'ignore', log] as const
  const child = spawn(command, args, { stdio: [...stdio], detached: true, env: { ...process.env, ...program.env } })
  closeSync(log)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
  const pid = child.pid
  if (pid === undefined) throw new Error(`${program.command} cannot be started`)
  groups.add(pid)
  const stop = async () => {
    kill(pid)
    await ended
    groups.delete(pid)
  }
  if (await answers(site.port, child)) return { pid, port: site.port, stop }
  await stop()
  // Kept with the results: without the path of this machine.
  const said = (readText(site.log).trim().split('\n').at(-1) ?? '').replaceAll(dirname(site.log), '')
  throw new Error(`${program.command} does not start: ${said || 'it says nothing'}`)
}

async function answers(port: number, child: ChildProcess): Promise<boolean> {
  const until = performance.now() + START_MS
  while (child.exitCode === null && performance.now() < until) {
    if (await isOpen(port)) return child.exitCode === null
    await pause(20)
  }
  return false
}

const isOpen = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = dial(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

function kill(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** A port of the loopback address that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
