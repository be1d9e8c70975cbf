#!/usr/bin/env node
/** The entry: the only file that knows the process. */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { run } from './cli/program.ts'

const packageFile = new URL('../package.json', import.meta.url)
// Our own package.json has a version.
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }

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
