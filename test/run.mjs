// Runs the tests that need only npm. Plain JavaScript, so that an old Node says what is wrong: its own test runner would
// find no TypeScript file and report success.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import process from 'node:process'

const LEAST_NODE = 24
const LEAST_FILES = 60

const fail = (message) => {
  console.error(message)
  process.exit(1)
}

if (Number(process.versions.node.split('.')[0]) < LEAST_NODE) {
  fail(`the tests need Node ${LEAST_NODE}, this is ${process.version}: run them through npm, which brings it`)
}
const files = globSync('test/**/*.test.ts')
if (files.length < LEAST_FILES) fail(`expected at least ${LEAST_FILES} test files, found ${files.length}`)
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-timeout=120000', ...process.argv.slice(2), ...files],
  {
    stdio: 'inherit',
  },
)
process.exit(status ?? 1)
