/**
 * The suite `relay`: wsluice and its peers, interleaved round by round, one processor for the proxy, one for generator and
 * backend. Every echoed byte is checked by the generator.
 */
import { mkdirSync } from 'node:fs'
import { release, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { build } from './build.ts'
import { fileLimit, proxiedBy } from './files.ts'
import { type Generator, generate, type LoadResult } from './generator.ts'
import { install, missing } from './install.ts'
import { machine } from './machine.ts'
import { type BenchOptions, isAsked } from './options.ts'
import { peers as allPeers } from './peers/index.ts'
import type { Peer } from './peers/peer.ts'
import { asYaml, fullPolicy, pathWithToken } from './peers/wsluice.ts'
import { freePort, type Pinning, pinning, type Running, start } from './processes.ts'
import type { RelayResults } from './relay-results.ts'
import { DIRECT, type Sample, SCENARIOS, type Scenario } from './scenarios.ts'

/** What all runs share. */
interface Bench {
  readonly generator: Generator
  readonly pins: Pinning
  readonly upstream: number
  readonly folder: string
  readonly path: string
  readonly short: boolean
}

/** A peer that runs, or the run without one. */
interface Target {
  readonly id: string
  readonly running: Running
  /** Another instance of it, just started. */
  readonly renew?: () => Promise<Running>
}

/** Runs the suite. Throws where wsluice or the generator does not build, or the backend does not start. */
export async function relay(options: BenchOptions): Promise<RelayResults> {
  const { folder, generator } = build()
  const site = { folder: join(folder, 'policy'), port: 8080, upstream: 8000 }
  const configuration = asYaml(fullPolicy(site))
  const peers = askedPeers(options, folder)
  const pins = pinning()
  const echo = await startEcho(generator, pins, folder)
  const path = pathWithToken(site.folder)
  const bench: Bench = { generator, pins, folder, path, upstream: echo.port, short: options.short }
  const { targets, skipped } = await startPeers(peers, bench)
  const scenarios = SCENARIOS.filter(({ id }) => isAsked(options.only, id, SCENARIO_IDS))
  const samples = await runRounds(bench, scenarios, [{ id: DIRECT, running: echo }, ...targets], options.rounds)
  await Promise.all([echo, ...targets.map(({ running }) => running)].map((running) => running.stop()))
  const measured = peers.filter(({ id }) => targets.some((target) => target.id === id))
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    short: options.short,
    machine: [...machine(), ...surroundings(), pins.text],
    rounds: options.rounds,
    peers: measured.map((peer) => ({ id: peer.id, label: peer.label, about: peer.about, version: peer.version() })),
    skipped,
    commands: Object.fromEntries(
      scenarios.map((one) => [one.id, ['wsload', ...loadArguments(one, options)].join(' ')]),
    ),
    configuration,
    samples,
  }
}

const SCENARIO_IDS = SCENARIOS.map(({ id }) => id)

/** The peers that were asked for, installed where they can be. */
function askedPeers({ only, short }: BenchOptions, folder: string): readonly Peer[] {
  const known = allPeers(join(folder, 'probe'))
  const ids = known.map(({ id }) => id)
  const unknown = only.find((name) => ![...ids, ...SCENARIO_IDS].includes(name))
  if (unknown)
    throw new Error(`--only ${unknown}: neither a scenario (${SCENARIO_IDS.join(' ')}) nor a peer (${ids.join(' ')})`)
  const peers = known.filter(({ id }) => isAsked(only, id, ids))
  if (!short) install(peers)
  return peers
}

const surroundings = () => [`${Math.round(totalmem() / 2 ** 30)} GiB`, `Linux ${release()}`]

/** Starts every peer that is there. What is not there, or does not start, is named. */
async function startPeers(peers: readonly Peer[], bench: Bench) {
  const targets: Target[] = []
  const skipped: { label: string; why: string }[] = []
  for (const peer of peers) {
    const renew = () => startPeer(peer, bench)
    const why = missing(peer)
    const running = why === undefined ? await renew().catch((error: Error) => error.message) : why
    if (typeof running === 'string') skipped.push({ label: peer.label, why: running })
    else targets.push({ id: peer.id, running, renew })
  }
  for (const { label, why } of skipped) console.error(`SKIPPED: ${label}: ${why}`)
  return { targets, skipped }
}

async function startPeer(peer: Peer, { folder, upstream, pins }: Bench): Promise<Running> {
  const site = { port: await freePort(), upstream, folder: join(folder, peer.id) }
  mkdirSync(site.folder, { recursive: true })
  const log = join(site.folder, 'said.log')
  return start(peer.program(site), { port: site.port, log, prefix: pins.proxy })
}

async function startEcho(generator: Generator, pins: Pinning, folder: string): Promise<Running> {
  const port = await freePort()
  const program = { command: generator.echo, args: [String(port)] }
  return start(program, { port, log: join(folder, 'echo.log'), prefix: pins.load })
}

/** Every scenario against every target, round by round; who comes first changes with the round. */
async function runRounds(
  bench: Bench,
  scenarios: readonly Scenario[],
  targets: readonly Target[],
  rounds: number,
): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let round = 0; round < rounds; round++) {
    for (const scenario of scenarios) {
      const turn = targets.filter(({ id }) => takesPart(scenario, id))
      const first = round % Math.max(1, turn.length)
      for (const target of [...turn.slice(first), ...turn.slice(0, first)]) {
        const result = await runOnce(bench, scenario, target)
        samples.push({ scenario: scenario.id, peer: target.id, round, result })
        if (!result.ok) console.error(`FAILED: ${target.id}, ${scenario.id}: ${result.error ?? 'messages lost'}`)
      }
    }
    console.log(`round ${round + 1} of ${rounds}`)
  }
  return samples
}

const takesPart = ({ direct, peers }: Scenario, id: string) =>
  id === DIRECT ? direct === true : (peers?.includes(id) ?? true)

async function runOnce(bench: Bench, scenario: Scenario, target: Target): Promise<LoadResult> {
  const fresh = scenario.fresh && target.renew ? await target.renew() : undefined
  const { pid, port } = fresh ?? target.running
  const where = ['--port', String(port), '--path', bench.path, '--proxy-pid', String(pid)]
  const result = await generate(bench.pins.load, bench.generator.load, [...where, ...loadArguments(scenario, bench)])
  await fresh?.stop()
  return result
}

/** Connections of the short mode. */
const SHORT_CONNS = 20

/** What `wsload` is told for a scenario, but where to connect. */
function loadArguments({ load, conns, secs = 1 }: Scenario, { short }: { readonly short: boolean }): string[] {
  const most = short ? SHORT_CONNS : proxiedBy(fileLimit())
  const count = Math.min(conns, most)
  const [measured, warmup] = short ? [0.08, 0.02] : [secs, 0.3]
  return [...load, '--conns', String(count), '--secs', String(measured), '--warmup', String(warmup)]
}
