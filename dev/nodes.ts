/**
 * Runs tests as built JavaScript on every version of Node that is supported. Each is fetched once, from the npm registry.
 *
 *   node dev/nodes.ts                          the tests of the wire
 *   node dev/nodes.ts 'test/frames/*.test.ts'  others
 */
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import process from 'node:process'
import { fetchNode } from './fetch-node.ts'

const VERSIONS = ['20', '22', '24', '26']
const TESTS = ['test/proxy/wire*.test.ts']
/** Git ignores it. */
const FOLDER = join(import.meta.dirname, '..', '.tmp', 'nodes')
const ROOT = join(import.meta.dirname, '..')

const sources = globSync(process.argv.length > 2 ? process.argv.slice(2) : TESTS, { cwd: ROOT })
if (sources.length === 0) fail('no test has such a name')
const built = build(sources)
const failed = VERSIONS.map((version) => ({ version, node: fetchNode(version) })).filter(
  ({ node }) => !run(node, built),
)
if (failed.length > 0) fail(`failed on Node ${failed.map(({ version }) => version).join(', ')}`)

/** Compiles tests and what they import; returns the paths of what came out. */
function build(tests: readonly string[]): string[] {
  const out = join(FOLDER, 'js')
  rmSync(out, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  const config = join(FOLDER, 'tsconfig.json')
  const compilerOptions = { noEmit: false, rootDir: ROOT, outDir: out }
  const include = tests.map((test) => join(ROOT, test))
  writeFileSync(config, JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions, include }))
  const { status } = spawnSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', config], { stdio: 'inherit' })
  if (status !== 0) fail('the tests do not compile')
  return tests.map((test) => join(out, test.replace(/\.ts$/, '.js')))
}

/** Whether the tests pass; says so. */
function run(node: string, tests: readonly string[]): boolean {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  const options = ['--test', '--test-reporter=tap', '--test-timeout=60000']
  const result = spawnSync(node, [...options, ...tests.map((test) => relative(ROOT, test))], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const counts = [...result.stdout.matchAll(/^# (?:pass|fail) \d+$/gm)].map(([line]) => line.slice(2)).join(', ')
  console.log(`Node ${stdout.trim()}: ${counts}`)
  if (result.status !== 0) console.log(result.stdout, result.stderr)
  // A runner that found no test succeeds as well.
  return result.status === 0 && /^# pass [1-9]/m.test(result.stdout)
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
