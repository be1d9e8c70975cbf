/** The primary: workers serve the clients, and it counts for all of them, watches over them, and speaks for them. */
import cluster from 'node:cluster'
import { createServer } from 'node:net'

import { mergeReports, reportOf } from '../observe/limiter-report.ts'
import { listen } from '../proxy/listen.ts'
import { chooseWire } from '../proxy/wire-choice.ts'
import { limiterViews } from '../serve/limiter-views.ts'
import { createProxy, type ProxyServer } from '../serve/proxy.ts'
import type { Loaded } from '../serve/reload.ts'
import { revokingIn } from '../serve/revoking.ts'
import type { OpenServing, Serving, ServingParts } from '../serve/serving.ts'
import type { Listen } from '../settings/listen.ts'
import { Crew } from './crew.ts'
import { Drainage } from './drainage.ts'
import { ANSWER_MS, hear } from './hear.ts'
import { Ledger } from './ledger.ts'
import { canReusePort } from './reuse-port.ts'
import { Scrape } from './scrape.ts'

export interface PrimaryOptions {
  /** How many workers. */
  readonly size: number
  /** Takes what they log, in whole lines. */
  readonly write: (lines: string) => void
  /** Takes a line of what they say beside. */
  readonly complain: (line: string) => void
}

const clock = () => performance.now()

/** Serves clients by so many workers. */
export const serveByWorkers = (options: PrimaryOptions): OpenServing => {
  return async (parts) => {
    if (!cluster.isPrimary) throw new Error('workers: this process belongs to a cluster already: set workers to 1')
    return await open(options, parts)
  }
}

async function open({ size, write, complain }: PrimaryOptions, { loaded, observe }: ServingParts): Promise<Serving> {
  const wire = await chooseWire(loaded.config.wire)
  const ledger = new Ledger(clock)
  // It compiles what the workers compile, counts for them, and never listens.
  const proxy = createProxy(loaded.config, wire, observe, ledger.tables)
  const revoked = () => proxy.revocations.list(Date.now())
  const crew = new Crew({ size, wire: wire.name, loaded, observe, write, complain, ledger, revoked, clock })
  const scrape = new Scrape(crew)
  crew.onEnd((worker) => scrape.keep(worker))
  const drainage = new Drainage(crew, observe)
  const limiters = () => limiterViews(ledger.tables.limiters, clock)
  const { revoke, unrevoke, revocations } = revokingIn(
    proxy.revocations,
    () => Date.now(),
    () => {},
  )
  return {
    wire: { name: wire.name, ...(wire.because === undefined ? {} : { because: wire.because }) },
    workers: size,
    listen: (address) => openAll(crew, address),
    policy: proxy.policy,
    adopt: (next) => adopt(proxy, crew, next),
    drain: (settings) => drainage.begin(settings),
    isDraining: () => drainage.isDraining,
    finish: (timeoutMs) => crew.finish(timeoutMs),
    cut: () => crew.cut(),
    destroy: () => {
      crew.destroy()
      proxy.destroy()
    },
    list: async (filter, most) => {
      const lists = await hear(crew, observe, 'list', { filter, most })
      const matching = lists.reduce((sum, list) => sum + list.matching, 0)
      return { matching, rows: lists.flatMap(({ rows }) => rows).slice(0, most) }
    },
    end: async (whom) => (await crew.askAll('end', whom, ANSWER_MS)).reduce((sum, ended) => sum + ended, 0),
    limits: async (top) =>
      mergeReports([reportOf(limiters(), top), ...(await hear(crew, observe, 'limits', top))], top),
    revoke: async (revocation) => {
      const kept = await revoke(revocation)
      crew.tellBegun('revoke', [revocation])
      return kept
    },
    unrevoke: async (id) => {
      crew.tellBegun('unrevoke', id)
      return await unrevoke(id)
    },
    revocations,
    problems: () => (crew.serving.length > 0 ? [] : ['no worker serves: see the log']),
    oneClient: () => crew.oneClient,
    sources: { totals: () => [], limiters, looksLikeOne: () => false },
    metricsText: (own) => scrape.text(own),
    observe: () => {},
    held: () => ({ ...proxy.held(), sessions: crew.sessions }),
  }
}

/** Here first: what this process cannot use, no worker is told of. */
async function adopt(proxy: ProxyServer, crew: Crew, next: Loaded): Promise<void> {
  proxy.adopt(next.config)
  await crew.adopt(next)
}

/**
 * Starts every worker, and lets them listen. Resolves to the address in use. One that is in use already is found out here,
 * once. Only a port that the system chose is held until the workers have it: who comes too early is to be refused, as by
 * one process, and not accepted and cut.
 */
async function openAll(crew: Crew, address: Listen): Promise<string> {
  const holder = createServer((socket) => socket.destroy())
  const bound = await listen(holder, address)
  const port = holder.address()
  const actual = typeof port === 'object' && port !== null ? { ...address, port: port.port } : address
  const release = () => new Promise((resolve) => holder.close(resolve))
  if (!('port' in address) || address.port !== 0) await release()
  try {
    await crew.begin()
  } finally {
    await release()
  }
  await crew.listen(actual, 'port' in actual && (await canReusePort()))
  return bound
}
