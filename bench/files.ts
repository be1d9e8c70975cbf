/** How many connections the file limit of a process lets it proxy. */
import { readText } from './processes.ts'

/** Files a process has open besides its connections, with room. */
const OTHERS = 200

/** The hard limit of open files: Node raises its own soft one to it, and what it starts inherits that. */
export function fileLimit(limits = readText('/proc/self/limits')): number {
  const [, hard = ''] = /^Max open files\s+\S+\s+(\S+)/m.exec(limits) ?? []
  return hard === 'unlimited' ? 1_048_576 : Number(hard) || 1024
}

/** Connections a process may proxy: each takes two descriptors. */
export const proxiedBy = (limit: number) => Math.max(1, Math.floor((limit - OTHERS) / 2))
