/** `npm run bench -- [SUITE…]`: runs the suites that are named, or all. `--help` says what there is. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { machine } from './machine.ts'
import type { BenchOptions, Report } from './options.ts'
import { table } from './result.ts'

type Suite = (options: BenchOptions) => Report | Promise<Report>

/** Each is loaded only when it runs. */
const SUITES: ReadonlyMap<string, () => Promise<Suite>> = new Map([
  ['limits', limitsSuite],
  ['messages', async () => (await import('./messages.ts')).messages],
  ['relay', async () => (await import('./relay-suite.ts')).relaySuite],
  ['idle', async () => (await import('./idle.ts')).idle],
  ['report', async () => (await import('./report.ts')).report],
])

const USAGE = `npm run bench -- [${[...SUITES.keys()].join('|')}]… [--short] [--json FILE] [--rounds N] [--only SCENARIO|PEER]… [--conns N]`

async function limitsSuite(): Promise<Suite> {
  const { limits } = await import('./limits.ts')
  return async (options) => {
    const results = await limits(options)
    return { text: table(results), json: results, ok: results.length > 0 }
  }
}

function fail(message: string): never {
  console.error(`${message}. Usage: ${USAGE}`)
  process.exit(2)
}

function readArguments() {
  const options = {
    short: { type: 'boolean', default: false },
    json: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] as string[] },
    conns: { type: 'string', default: '15000' },
    help: { type: 'boolean', default: false },
  } as const
  try {
    return parseArgs({ args: process.argv.slice(2), allowPositionals: true, options })
  } catch (error) {
    return fail(error instanceof Error ? error.message.replace(/\.$/, '') : String(error))
  }
}

/** A whole number of at least one. */
function count(option: string, text: string): number {
  return /^[1-9]\d{0,6}$/.test(text) ? Number(text) : fail(`${option} takes a whole number from 1, not "${text}"`)
}

const { values, positionals } = readArguments()
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}
const { short, only } = values
const options: BenchOptions = {
  short,
  only,
  rounds: count('--rounds', values.rounds ?? (short ? '1' : '3')),
  conns: count('--conns', values.conns),
}
const names = positionals.length > 0 ? positionals : [...SUITES.keys()]
const suites = names.map((name) => [name, SUITES.get(name) ?? fail(`no benchmark is called "${name}"`)] as const)

const measured: Record<string, unknown> = {}

async function measure(): Promise<void> {
  console.log(machine().join(', '))
  for (const [name, load] of suites) {
    const { text, json, ok } = await (await load())(options)
    measured[name] = json
    console.log(`\n${name}\n${text}`)
    if (!ok) process.exitCode = 1
  }
}

await measure().catch((error: Error) => {
  console.error(error.message)
  process.exit(1)
})
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ machine: machine(), short, suites: measured }, null, 2)}\n`)
}
