/** Brings the peers that are missing: Debian's packages where we are root, npm's into `bench/node_modules`. */
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { Peer } from './peers/peer.ts'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))

/** Why a peer cannot run, undefined where it can. */
export function missing(peer: Peer): string | undefined {
  try {
    peer.version()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Installs what can be; what stays missing is for the caller to report. */
export function install(peers: readonly Peer[]): void {
  const absent = peers.filter((peer) => missing(peer) !== undefined)
  const packages = [...new Set(absent.flatMap(({ debian }) => debian ?? []))]
  if (packages.length > 0) installDebian(packages)
  if (absent.some(({ debian }) => debian === undefined)) run('npm', ['ci', '--no-audit', '--no-fund'])
}

function installDebian(packages: readonly string[]): void {
  if (process.getuid?.() !== 0) {
    console.error(`not root: apt-get install ${packages.join(' ')} would bring more peers`)
    return
  }
  run('apt-get', ['update', '-q'])
  // One by one: a package that another distribution lacks takes no other with it.
  for (const name of packages) run('apt-get', ['install', '-y', '-q', '--no-install-recommends', name])
}

function run(command: string, args: readonly string[]): void {
  console.log(`${command} ${args.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { error, status, stderr } = spawnSync(command, args, { cwd: FOLDER, env, encoding: 'utf8' })
  if (error || status !== 0) console.error(`${command} failed: ${error?.message ?? stderr.trim().split('\n').at(-1)}`)
}
