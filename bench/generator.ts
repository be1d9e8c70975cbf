/** The load generator and the echo backend: C, built here, run as programs (`bench/load`). */
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCES = fileURLToPath(new URL('load/', import.meta.url))
const FLAGS = ['-O3', '-march=native', '-Wall', '-Wextra']

/** Where the two programs are. */
export interface Generator {
  readonly load: string
  readonly echo: string
}

/** One line of `wsload`: every echoed byte was right where `ok` is true. Times in us, memory in KiB. */
export interface LoadResult {
  readonly ok: boolean
  readonly error?: string
  readonly lost?: number
  readonly open?: number
  readonly msgs_per_s?: number
  readonly hs_per_s?: number
  readonly p50_us?: number
  readonly p99_us?: number
  readonly cpu_util?: number
  readonly cpu_us_per_fwd?: number
  readonly cpu_us_per_hs?: number
  readonly rss_kb?: number
  readonly rss_empty_kb?: number
  readonly rss_per_conn_kb?: number
}

/** Compiles both programs into a folder. Throws an Error of one line where there is no compiler, or it fails. */
export function buildGenerator(folder: string): Generator {
  const compiler = ['gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0)
  if (!compiler)
    throw new Error('the load generator is C: install gcc or clang (Debian: apt-get install gcc libc6-dev)')
  mkdirSync(folder, { recursive: true })
  const build = (name: string) => {
    const out = join(folder, name)
    const { status, stderr } = spawnSync(compiler, [...FLAGS, '-o', out, join(SOURCES, `${name}.c`)])
    if (status !== 0) throw new Error(`${compiler} cannot build bench/load/${name}.c: ${String(stderr).split('\n')[0]}`)
    return out
  }
  return { load: build('wsload'), echo: build('wsecho') }
}

/** Runs the generator, pinned by `prefix`. What goes wrong is in the result, not thrown. */
export function generate(prefix: readonly string[], load: string, args: readonly string[]): Promise<LoadResult> {
  const [command = load, ...rest] = [...prefix, load, ...args]
  return new Promise((resolve) => {
    execFile(command, rest, (error, stdout, stderr) => resolve(readResult(stdout) ?? failed(stderr || String(error))))
  })
}

const failed = (text: string): LoadResult => ({ ok: false, error: text.trim().split('\n')[0] ?? '' })

function readResult(line: string): LoadResult | undefined {
  // The line is that of our own program: its format is in bench/load/wsload.c.
  return line.startsWith('{') ? (JSON.parse(line) as LoadResult) : undefined
}
