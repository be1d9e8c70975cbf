/** What many connections take, worked out from what fewer took: the table of `docs/scale.md`. */
import { markdownTable } from './document.ts'
import { digits } from './statistics.ts'

/** What a run of the suite `idle` leaves. */
export interface IdleResults {
  /** The day, ISO 8601. */
  readonly date: string
  readonly command: string
  readonly machine: readonly string[]
  readonly open: number
  readonly processes: number
  /** Files a process may open. */
  readonly fileLimit: number
  /** Of all processes of wsluice, before the first connection and with all of them open. */
  readonly emptyKiB: number
  readonly fullKiB: number
  /** Of the kernel's small objects, for each socket: there are four of a connection where all ends are on one machine. */
  readonly socketKiB: number
}

/** What a machine that runs wsluice alone needs for so many connections. */
export interface Needs {
  readonly processes: number
  readonly filesPerProcess: number
  readonly backends: number
  readonly proxyGiB: number
  readonly kernelGiB: number
}

/** More would outgrow the heap that Node gives a process unless it is told otherwise. */
const PER_PROCESS = 50_000

/** From one address to one address and port, where `ip_local_port_range` is `1024 65535`. */
const PORTS = 64_512

const OTHER_FILES = 200
const KIB_PER_GIB = 2 ** 20

export const perConnectionKiB = ({ open, emptyKiB, fullKiB }: IdleResults) => (fullKiB - emptyKiB) / open

/** Every connection is two sockets, two files, and one port toward its backend. */
export function needs(results: IdleResults, conns: number): Needs {
  const processes = Math.ceil(conns / PER_PROCESS)
  const empty = (results.emptyKiB / results.processes) * processes
  return {
    processes,
    filesPerProcess: Math.ceil((2 * conns) / processes) + OTHER_FILES,
    backends: Math.ceil(conns / PORTS),
    proxyGiB: (empty + conns * perConnectionKiB(results)) / KIB_PER_GIB,
    kernelGiB: (2 * conns * results.socketKiB) / KIB_PER_GIB,
  }
}

const ROWS: readonly (readonly [string, (needs: Needs) => string])[] = [
  ['processes, 50,000 connections each', ({ processes }) => String(processes)],
  ['open files of each', ({ filesPerProcess }) => filesPerProcess.toLocaleString('en')],
  ['addresses and ports of backends, 64,512 connections each', ({ backends }) => String(backends)],
  ['memory of wsluice', ({ proxyGiB }) => `${digits(proxyGiB)} GiB`],
  ['memory of the kernel for sockets', ({ kernelGiB }) => `${digits(kernelGiB)} GiB`],
]

const SIZES = [100_000, 1_000_000]

export function scaleSection(results: IdleResults): string {
  const { open, processes, fileLimit, emptyKiB, fullKiB, socketKiB } = results
  const measured = [
    ['open connections', open.toLocaleString('en')],
    ['processes of wsluice', `${processes}, ${fileLimit.toLocaleString('en')} files each`],
    ['their memory before', `${digits(emptyKiB / 1024)} MiB`],
    ['their memory with all open', `${digits(fullKiB / 1024)} MiB`],
    ['of that, a connection', `${digits(perConnectionKiB(results))} KiB`],
    ['memory of a socket in the kernel', `${digits(socketKiB)} KiB`],
  ]
  const head = ['connections', ...SIZES.map((size) => size.toLocaleString('en'))]
  const rows = ROWS.map(([name, shown]) => [name, ...SIZES.map((size) => shown(needs(results, size)))])
  return [
    `Measured ${results.date} with \`${results.command}\`: ${results.machine.join(', ')}.`,
    markdownTable(['measured', ''], measured),
    'From that:',
    markdownTable(head, rows),
  ].join('\n\n')
}
