/** Builds what is measured and what measures it. */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildGenerator, type Generator } from './generator.ts'

const TOP = fileURLToPath(new URL('..', import.meta.url))

/** Scratch space, ignored by git. */
const SCRATCH = fileURLToPath(new URL('../.tmp/bench/', import.meta.url))

/** Compiles wsluice into `dist` and the generator into a folder that git ignores. Throws where either fails. */
export function build(): { readonly folder: string; readonly generator: Generator } {
  const { error, status, stdout } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: TOP, encoding: 'utf8' })
  if (error || status !== 0) throw new Error(`wsluice does not build: ${error?.message ?? stdout.split('\n')[0]}`)
  mkdirSync(SCRATCH, { recursive: true })
  return { folder: SCRATCH, generator: buildGenerator(SCRATCH) }
}
