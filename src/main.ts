#!/usr/bin/env node
/** The entry: the only file that knows the process. */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'
import { batched } from './cli/batched.ts'
import { run } from './cli/program.ts'

const packageFile = new URL('../package.json', import.meta.url)
// Our own package.json has a version.
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }

// New objects keep the 16 MiB that loading the program took. A burst of handshakes makes V8 take four times as much, and give
// none back while connections are idle. With less, a handshake under way is taken for old: that is dearer, and frees no more.
setFlagsFromString('--semi-space-growth-factor=1')

// V8 looks every 8 s whether little is allocated, and then gives memory back. But of the heap for C++ objects none at all in the
// last 5 s counts as much, so that it never came to that in an idle process: this is one such object.
setInterval(() => void new Script(''), 4000).unref()

// Whoever reads the log may go away; that is no reason to end.
process.stdout.on('error', () => {})

const out = batched((text) => void process.stdout.write(text), setImmediate)
// Also where a fault ends it: standard output is written to at once, whether it is a file, a pipe or a terminal.
process.on('exit', out.flush)

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  print: out.write,
  complain: (line) => process.stderr.write(`${line}\n`),
  onSignal: (name, handle) => process.on(name, handle),
  version,
  nodeVersion: process.version,
})
