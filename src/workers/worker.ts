/** A worker: serves clients as its primary says, and ends when the primary is gone (node:cluster sees to that). */
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { LoadResult } from '../config/load.ts'
import type { Event, Observe } from '../observe/events.ts'
import { reportOf } from '../observe/limiter-report.ts'
import type { Metrics } from '../observe/metrics.ts'
import { endSessions, listSessions } from '../observe/session-list.ts'
import type { Reason } from '../policy/reasons.ts'
import { chosenWire } from '../proxy/wire-choice.ts'
import { limiterViews } from '../serve/limiter-views.ts'
import { createObservers } from '../serve/observers.ts'
import { type OneClientWatch, watchForOneClient } from '../serve/one-client.ts'
import { createProxy, type ProxyServer } from '../serve/proxy.ts'
import type { Loaded } from '../serve/reload.ts'
import type { Listen } from '../settings/listen.ts'
import { shareCounted, takeCounted } from './exchange.ts'
import { type Handlers, Link } from './link.ts'
import { RemoteLimiters } from './remote-limiters.ts'
import { RemotePlaces } from './remote-places.ts'
import { remoteTickets } from './remote-tickets.ts'
import type { Texts, ToPrimary, ToWorker } from './words.ts'

export interface WorkerOptions {
  /** Loads the configuration as ever, but from these texts in place of the files. */
  readonly load: (readFile: (path: string) => string) => LoadResult
  /** Takes the log, a line at a time. */
  readonly write: (line: string) => void
  readonly version: string
  readonly nodeVersion: string
}

/** What is there once the primary said with what to begin. */
interface Begun {
  readonly proxy: ProxyServer
  readonly clients: OneClientWatch
  readonly metrics: Metrics
  readonly sharing: NodeJS.Timeout
}

const clock = () => performance.now()
const now = () => Date.now()

/** Serves until the primary has enough of it. Rejects where this process is no worker. */
export async function work(options: WorkerOptions): Promise<void> {
  const { worker } = cluster
  if (!worker) throw new Error('this process is no worker: the primary starts them')
  let begun: Begun | undefined
  const state = (): Begun => {
    if (!begun) throw new Error('the worker has not begun')
    return begun
  }
  const link: Link<ToPrimary, ToWorker> = new Link<ToPrimary, ToWorker>(portOf(worker), {
    begin: (says) => {
      begun = begin(options, link, places, says)
    },
    adopt: (texts) => state().proxy.adopt(loadFrom(texts, options).config),
    ...serving(state, (says) => places.replaced(says.occupant, says.by)),
    destroy: () => {
      if (begun) clearInterval(begun.sharing)
      begun?.proxy.destroy()
      link.close()
      worker.disconnect()
    },
  })
  const places = new RemotePlaces(link)
  worker.on('message', (message: unknown) => link.take(message))
  link.tell('up', undefined)
  await once(worker, 'disconnect')
}

const portOf = (worker: Worker) => ({
  // A primary that is gone ends this process: whether this reached it does not matter.
  send: (message: unknown, done: () => void) => {
    // Batches are lists.
    if (worker.isConnected()) worker.send(message as object, done)
  },
})

function begin(
  options: WorkerOptions,
  link: Link<ToPrimary, ToWorker>,
  places: RemotePlaces,
  { worker, texts, wire }: ToWorker['begin']['says'],
): Begun {
  const { config } = loadFrom(texts, options)
  const observers = createObservers()
  const observe = withoutProcess(observers.observe)
  const limiters = new RemoteLimiters(link)
  const tables = {
    counts: places.slots('live'),
    candidateCounts: places.slots('candidate'),
    limiters,
    tickets: remoteTickets(link),
  }
  const proxy = createProxy(config, chosenWire(wire), observe, tables)
  // The primary is told of the address, and tells the log once.
  const clients = watchForOneClient(clock, () => {})
  const codeOf = (reason: Reason) => proxy.policy().answers[reason].code
  const { version, nodeVersion, write } = options
  const metrics = observers.connect(
    { level: config.logLevel, write, now, codeOf, worker },
    {
      version,
      nodeVersion,
      wire,
      totals: () => proxy.sessions.totals(),
      limiters: () => limiterViews(limiters, clock),
      looksLikeOne: () => clients.address() !== undefined,
      isDraining: () => proxy.drain.isDraining,
      // The primary asks the backends, and tells of the routes.
      upstreams: () => [],
      dryRunRoutes: () => [],
      now,
    },
    clients.observe,
  )
  const stateOf = () => ({ sessions: proxy.sessions.size, oneClient: clients.address() })
  return { proxy, clients, metrics, sharing: shareCounted(link, limiters, stateOf) }
}

/** What happens to all workers alike is told by the primary. */
function withoutProcess(observe: Observe): Observe {
  const ofAll: ReadonlySet<Event['type']> = new Set(['draining', 'drained'])
  return (event) => {
    if (!ofAll.has(event.type)) observe(event)
  }
}

function loadFrom(texts: Texts, { load }: WorkerOptions): Loaded {
  const byPath = new Map(texts)
  const loaded = load((path) => {
    const text = byPath.get(path)
    if (text === undefined) throw new Error(`the primary read no ${path}`)
    return text
  })
  if (!loaded.ok) throw new Error('the configuration of the primary is none here')
  return loaded
}

function serving(
  state: () => Begun,
  replaced: Handlers<ToWorker>['replaced'],
): Omit<Handlers<ToWorker>, 'begin' | 'adopt' | 'destroy'> {
  const proxy = () => state().proxy
  return {
    listen: ({ address, reusePort }) => bind(proxy().server, address, reusePort),
    drain: (settings) => proxy().drain.begin(settings),
    finish: (timeoutMs) => proxy().finish(timeoutMs),
    cut: () => proxy().cut(),
    revoke: (all) => {
      for (const one of all) proxy().revocations.add(one, now())
      proxy().judgeRights()
    },
    unrevoke: (id) => {
      proxy().revocations.delete(id)
    },
    list: ({ filter, most }) => listSessions(proxy().sessions.all(), filter, most),
    end: (whom) => endSessions(proxy().sessions.all(), whom),
    limits: (top) => reportOf(limiterViews(proxy().limiters, clock), top),
    scrape: () => state().metrics.samples(),
    counted: (counted) => takeCounted(proxy().limiters, counted, clock()),
    replaced,
  }
}

/** Without `reusePort` node:cluster lets the primary accept, and hand the sockets round. */
async function bind(server: Server, address: Listen, reusePort: boolean): Promise<void> {
  server.listen({ ...address, ...(reusePort ? { reusePort } : {}) })
  await once(server, 'listening')
}
