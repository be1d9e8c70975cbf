/** wsluice with several workers, as processes of their own, and clients whose worker is known. */
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { type Client, client, echoBackend } from './backend.ts'
import { folder } from './command-line.ts'
import { ON_LOOPBACK, spawnWsluice, type Wsluice } from './process.ts'

export interface Crew {
  readonly proxy: Wsluice
  /** `host:port` of each listener. */
  readonly place: string
  readonly ops: string
  readonly admin: string
  /** Where the configuration file is. */
  readonly folder: string
  /** A client that has been answered; its worker is found out from the log. */
  readonly connect: (path?: string, headers?: Record<string, string>) => Promise<Placed>
  /** One client on each of two different workers. */
  readonly onTwo: (path?: string, headers?: Record<string, string>) => Promise<[Placed, Placed]>
  /** Whether a client gets in; those that do stay. */
  readonly tryOne: (path?: string, headers?: Record<string, string>) => Promise<Client | undefined>
  readonly pids: () => number[]
}

interface Placed extends Client {
  readonly worker: number
}

interface Given {
  readonly workers?: number | 'auto'
  /** The rest of the configuration file; one route `/a` unless it says otherwise. */
  readonly yaml?: string
  /** In place of a free port of loopback. */
  readonly listen?: string
  /** More files beside the configuration, by name. */
  readonly files?: Readonly<Record<string, string>>
}

export async function startCrew(
  t: TestContext,
  { workers = 2, yaml = 'routes: [{ path: /a }]', listen = ON_LOOPBACK.WS_LISTEN, files = {} }: Given,
): Promise<Crew> {
  const { upstream } = await echoBackend(t)
  const text = `upstream: ${upstream}\nworkers: ${workers}\ntrustedProxies: [loopback]\ndrain: { jitter: 0s }\n${yaml}\n`
  const cwd = folder(t, { ...files, 'wsluice.yaml': text })
  const proxy = spawnWsluice(t, ['-c', 'wsluice.yaml'], { cwd, env: { ...ON_LOOPBACK, WS_LISTEN: listen } })
  const [place, ops, admin] = [await proxy.address('listen'), await proxy.address('ops'), await proxy.address('admin')]
  let count = 0
  const connect: Crew['connect'] = async (path = '/a', headers = {}) => {
    const id = `client-${++count}`
    const open = await client(t, `${place}${path}`, { 'X-Request-ID': id, ...headers })
    const decided = await until(() => proxy.events('decided').find(({ request_id }) => request_id === id))
    return { ...open, worker: Number(decided.worker) }
  }
  const tryOne: Crew['tryOne'] = async (path = '/a', headers = {}) => {
    const open = await client(t, `${place}${path}`, headers).catch(() => undefined)
    return await open?.echo('in').then(
      () => open,
      () => undefined,
    )
  }
  const onTwo: Crew['onTwo'] = async (path, headers) => {
    const first = await connect(path, headers)
    for (let tries = 0; tries < 60; tries++) {
      const other = await connect(path, headers)
      if (other.worker !== first.worker) return [first, other]
      other.close()
      await other.ended
    }
    throw new Error('every client came to one worker')
  }
  return { proxy, place, ops, admin, folder: cwd, connect, onTwo, tryOne, pids: () => childrenOf(proxy.child.pid ?? 0) }
}

/** The processes that a process has started. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

/** The first value that is one, looked for again and again. */
export async function until<T>(look: () => T | undefined | Promise<T | undefined>, withinMs = 10_000): Promise<T> {
  const end = performance.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
