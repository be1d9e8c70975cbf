import { arch, availableParallelism, cpus } from 'node:os'

/** What the figures were taken on, without its name. */
export const machine = (): string[] => [
  `${availableParallelism()} cores`,
  cpus()[0]?.model.trim() || arch(),
  `Node ${process.version}`,
]
