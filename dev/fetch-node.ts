/** Every version of Node, without an install script: from the npm registry, once. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

/** Git ignores it. */
const FOLDER = join(import.meta.dirname, '..', '.tmp', 'nodes')

/** The path of a Node. @param version whole, or the part that the newest of is meant: `20.19.0`, `22` */
export function fetchNode(version: string): string {
  const prefix = join(FOLDER, version)
  const name = `node-${process.platform}-${process.arch}`
  const node = join(prefix, 'node_modules', name, 'bin', 'node')
  if (existsSync(node)) return node
  mkdirSync(prefix, { recursive: true })
  const quiet = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', ['install', ...quiet, '--prefix', prefix, `${name}@${version}`], {
    stdio: 'inherit',
  })
  if (status !== 0 || !existsSync(node)) throw new Error(`npm has no ${name}@${version}`)
  return node
}
