/** What the benchmark knows of a proxy it measures. */
import { spawnSync } from 'node:child_process'
import type { Program } from '../processes.ts'

/** Where an instance stands. Its files go into `folder`, which is its own. */
export interface Site {
  readonly port: number
  readonly upstream: number
  readonly folder: string
}

export interface Peer {
  readonly id: string
  readonly label: string
  /** How it is configured, for the reader of the results. */
  readonly about: string
  /** Debian's package that brings it. */
  readonly debian?: string
  /** What is installed. Throws an Error that says what is missing. */
  version(): string
  /** Writes its configuration and says how it is started. */
  program(site: Site): Program
}

/** The version in what a program prints. Throws where it is not installed. */
export function versionOf(command: string, args: readonly string[]): string {
  const { error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (error) throw new Error(`${command} is not installed`)
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? 'unknown'
}
