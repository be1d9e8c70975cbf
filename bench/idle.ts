/**
 * The suite `idle`: many connections that are open and say nothing, through wsluice. A proxied connection takes two file
 * descriptors, so a process holds half of its file limit: where that is less than what was asked for, several share it.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { build } from './build.ts'
import { fileLimit, proxiedBy } from './files.ts'
import { type Generator, generate, type LoadResult } from './generator.ts'
import { machine } from './machine.ts'
import type { BenchOptions, Report } from './options.ts'
import { defaultWsluice, pathWithToken } from './peers/wsluice.ts'
import { freePort, type Running, readText, start } from './processes.ts'
import { keep } from './report.ts'
import { table } from './result.ts'
import { type IdleResults, perConnectionKiB } from './scale.ts'

/** Of one proxied connection on one machine: the client's, two of the proxy, the backend's. */
const SOCKETS = 4

/** A source address has about 28,000 ports; each takes so many connections. */
const PER_ADDRESS = 10_000

/** How many processes it takes, where one proxies `most`. */
export const processesFor = (conns: number, most: number) => Math.ceil(conns / most)

/** A proxy with a backend of its own: neither runs out of ports or files before the proxy does. */
interface Lane {
  readonly proxy: Running
  readonly echo: Running
}

export async function idle({ short, conns }: BenchOptions): Promise<Report> {
  const asked = short ? Math.min(conns, 500) : conns
  const limit = fileLimit()
  const { folder, generator } = build()
  const lanes: Lane[] = []
  for (let index = 0; index < processesFor(asked, proxiedBy(limit)); index++)
    lanes.push(await open(folder, generator, index))
  const path = pathWithToken(join(folder, 'idle-0'))
  const before = slabKilobytes()
  const share = Math.ceil(asked / lanes.length)
  const holding = Promise.all(
    lanes.map(({ proxy }) => hold(generator, proxy, share, ['--path', path, ...times(short)])),
  )
  const kernel = (await highest(holding, slabKilobytes)) - before
  const held = await holding
  await Promise.all(lanes.flatMap(({ proxy, echo }) => [proxy.stop(), echo.stop()]))
  const results = resultsOf(held, kernel, limit)
  const failed = held.filter(({ ok }) => !ok).map(({ error }) => `FAILED: ${error}`)
  if (!short && failed.length === 0) keep('idle', results)
  return { text: [printed(results), ...failed].join('\n'), json: results, ok: failed.length === 0 }
}

const times = (short: boolean) => ['--secs', short ? '0.3' : '5', '--warmup', short ? '0.1' : '1']

async function open(folder: string, generator: Generator, index: number): Promise<Lane> {
  const site = { folder: join(folder, `idle-${index}`), port: await freePort(), upstream: await freePort() }
  mkdirSync(site.folder, { recursive: true })
  const file = (name: string) => join(site.folder, name)
  const backend = { command: generator.echo, args: [String(site.upstream)] }
  const echo = await start(backend, { port: site.upstream, log: file('echo.log'), prefix: [] })
  const proxy = await start(defaultWsluice.program(site), { port: site.port, log: file('said.log'), prefix: [] })
  return { proxy, echo }
}

/** Opens the connections, echoes one message on each, and holds them. */
function hold(
  generator: Generator,
  { port, pid }: Running,
  conns: number,
  more: readonly string[],
): Promise<LoadResult> {
  const sources = String(Math.ceil(conns / PER_ADDRESS))
  const how = ['--mode', 'idle', '--touch', '1', '--conns', String(conns), '--src-ips', sources]
  return generate([], generator.load, ['--port', String(port), '--proxy-pid', String(pid), ...how, ...more])
}

/** The highest of a reading until something is done. */
async function highest(done: Promise<unknown>, read: () => number): Promise<number> {
  let [most, running] = [read(), true]
  const over = done.finally(() => {
    running = false
  })
  while (running) {
    await Promise.race([over, pause(250)])
    most = Math.max(most, read())
  }
  return most
}

/** What the kernel holds in small objects, sockets among them. */
const slabKilobytes = () => Number(/^Slab:\s+(\d+)/m.exec(readText('/proc/meminfo'))?.[1] ?? 0)

function resultsOf(held: readonly LoadResult[], kernel: number, fileLimit: number): IdleResults {
  const sum = (field: 'open' | 'rss_kb' | 'rss_empty_kb') => held.reduce((total, one) => total + (one[field] ?? 0), 0)
  const open = sum('open')
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    machine: machine(),
    open,
    processes: held.length,
    fileLimit,
    emptyKiB: sum('rss_empty_kb'),
    fullKiB: sum('rss_kb'),
    socketKiB: kernel / Math.max(1, open) / SOCKETS,
  }
}

function printed(results: IdleResults): string {
  const { open, fileLimit, processes, emptyKiB, fullKiB, socketKiB } = results
  return table([
    { name: 'open connections', value: open, unit: '' },
    { name: 'file limit of a process', value: fileLimit, unit: 'files' },
    { name: 'processes of wsluice', value: processes, unit: '' },
    { name: 'memory of wsluice before', value: emptyKiB / 1024, unit: 'MiB' },
    { name: 'memory of wsluice with all of them open', value: fullKiB / 1024, unit: 'MiB' },
    { name: 'memory of a connection in wsluice', value: perConnectionKiB(results), unit: 'KiB' },
    { name: 'memory of a socket in the kernel', value: socketKiB, unit: 'KiB' },
  ])
}
