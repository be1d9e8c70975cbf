/** How many workers `auto` is. */
import { posix } from 'node:path'

/** What is known of the machine. */
export interface Machine {
  /** Processors that this process may run on. */
  readonly processors: number
  /** Reads a text file; throws where there is none. */
  readonly readFile: (path: string) => string
}

const GROUPS = '/sys/fs/cgroup'

/** One for each processor, no more than the control group's quota pays for; at least one. */
export function workersOf(setting: number | 'auto', { processors, readFile }: Machine): number {
  if (setting !== 'auto') return setting
  const quota = quotaOf((path) => read(readFile, path))
  return Math.max(1, Math.min(processors, Math.floor(quota)))
}

type Read = (path: string) => string | undefined

/** Processors that the control group may use at once, the least of all those above it too; Infinity without a quota. */
function quotaOf(readText: Read): number {
  const own = /^0::(\/.*)$/m.exec(readText('/proc/self/cgroup') ?? '')?.[1] ?? '/'
  return Math.min(...foldersOf(own).map((folder) => unified(readText, folder)), legacy(readText))
}

/** `/a/b`, `/a` and `/`: in a container the first ones may not be there. */
function foldersOf(path: string): string[] {
  const above = posix.dirname(path)
  return above === path ? [path] : [path, ...foldersOf(above)]
}

/** Version 2: `max 100000`, or `150000 100000`. */
function unified(readText: Read, folder: string): number {
  const [quota, period] = (readText(posix.join(GROUPS, folder, 'cpu.max')) ?? '').trim().split(' ')
  return share(quota, period)
}

/** Version 1: a quota of -1 is none. */
const legacy = (readText: Read): number =>
  share(readText(`${GROUPS}/cpu/cpu.cfs_quota_us`), readText(`${GROUPS}/cpu/cpu.cfs_period_us`))

function share(quota: string | undefined, period: string | undefined): number {
  const processors = Number(quota) / Number(period)
  return processors > 0 ? processors : Number.POSITIVE_INFINITY
}

function read(readFile: Machine['readFile'], path: string): string | undefined {
  try {
    return readFile(path)
  } catch {
    return undefined
  }
}
