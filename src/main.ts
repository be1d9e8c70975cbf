#!/usr/bin/env node
/** The entry: the only file that knows the process. */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { run } from './cli/program.ts'

const packageFile = new URL('../package.json', import.meta.url)
// Our own package.json has a version.
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }

// New objects keep the 1 MiB they begin with. A burst of handshakes makes V8 take 16 MiB and more, and give none back while
// connections are idle; a relayed message makes no objects.
setFlagsFromString('--semi-space-growth-factor=1')

// Whoever reads the log may go away; that is no reason to end.
process.stdout.on('error', () => {})

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  print: (text) => process.stdout.write(text),
  complain: (line) => process.stderr.write(`${line}\n`),
  onSignal: (name, handle) => process.on(name, handle),
  version,
  nodeVersion: process.version,
})
