/** The proxy's own server, and the state that every connection shares: made once, kept over reloads. */
import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:tls'
import { assemble } from '../assemble.ts'
import { type Asker, createAsker } from '../authorization/ask.ts'
import { createAuthorization, type ServiceEvent } from '../authorization/authorization.ts'
import type { Config } from '../config/settings.ts'
import { Counts } from '../limits/counts.ts'
import { Limiters } from '../limits/limiters.ts'
import type { Slots } from '../limits/slots.ts'
import type { Observe } from '../observe/events.ts'
import type { Occupant, Seat } from '../policy/seat.ts'
import { Drain } from '../proxy/drain.ts'
import { createHttpServer, type HttpHandlers, type HttpServerSettings } from '../proxy/http-server.ts'
import { Linger } from '../proxy/linger.ts'
import { MessageMemory } from '../proxy/message-memory.ts'
import { serveOrdinary } from '../proxy/ordinary.ts'
import { endUnread } from '../proxy/proxied-peer.ts'
import { Sessions } from '../proxy/sessions.ts'
import { Sweep } from '../proxy/sweep.ts'
import { serveUpgrade } from '../proxy/upgrade.ts'
import type { ProxyPolicy } from '../proxy/upgrade-context.ts'
import { type Agents, closeAgents, createAgents, UpstreamPool } from '../proxy/upstream.ts'
import { Wheel } from '../proxy/wheel.ts'
import type { Transport } from '../proxy/wire.ts'
import { MAX_TIMER_MS } from '../settings/duration.ts'
import { keepKeySets } from '../tokens/kept-key-sets.ts'
import { MAX_REVOCATIONS, Revocations } from '../tokens/revocations.ts'
import { type Tickets, TicketTable } from '../tokens/tickets.ts'

/** How coarse deadlines are. */
const TICK_MS = 50
/** How often connections that have become idle are ended while the server closes. */
const IDLE_LOOK_MS = 100

export interface ProxyServer {
  readonly server: Server
  readonly sessions: Sessions
  readonly drain: Drain
  readonly policy: () => ProxyPolicy
  /** Swaps the policy; open sessions take its frame checks. */
  readonly adopt: (config: Config) => void
  /** Takes no more connections; resolves when the requests under way are answered, or the time in ms is up. */
  readonly finish: (timeoutMs: number) => Promise<void>
  /** Ends the waiting of a drain, and of `finish`. */
  readonly cut: () => void
  /** Ends whatever is left, at once. */
  readonly destroy: () => void
  readonly limiters: Limiters
  /** What operators revoke; `judgeRights` after a change ends the open connections that it is about. */
  readonly revocations: Revocations
  readonly judgeRights: () => void
  /** How much is held, for tests of leaks. */
  readonly held: () => Held
}

/** What limits count in. */
export interface Tables {
  readonly counts: Slots<Seat> & { readonly size: number }
  /** The same of candidate limits. */
  readonly candidateCounts: Slots<Seat> & { readonly size: number }
  readonly limiters: Limiters
  /** Where tickets wait to be used: once, over all processes. */
  readonly tickets: Tickets
}

const FULL = `more than ${MAX_REVOCATIONS} revocations: those that end first are forgotten; give each an until`

/** Of a process that serves clients by itself. */
const ownTables = (): Tables => ({
  counts: new Counts<Occupant>(),
  candidateCounts: new Counts<Occupant>(),
  limiters: new Limiters(),
  tickets: new TicketTable(),
})

export interface Held {
  readonly sessions: number
  readonly counts: number
  readonly deadlines: number
  readonly lingering: number
  /** Bytes of messages that policies read. */
  readonly buffered: number
}

/**
 * @param transport how connections are read and written
 * @param observe told of everything; it may be asked before the proxy listens
 * @param tables where connections and rates are counted
 */
export function createProxy(
  config: Config,
  transport: Transport,
  observe: Observe,
  tables: Tables = ownTables(),
): ProxyServer {
  const now = () => Date.now()
  const clock = () => performance.now()
  const wheel = new Wheel(TICK_MS, clock())
  const ticking = setInterval(() => wheel.tick(clock()), TICK_MS)
  const sessions = new Sessions()
  const { counts, candidateCounts, limiters, tickets } = tables
  const memory = new MessageMemory(config.limits.buffered)
  const linger = new Linger(wheel, clock)
  const agents = createAgents()
  const drain = new Drain({ sessions, wheel, now: clock, observe })
  const keySet = keepKeySets(globalThis.fetch, now, (url, { type, detail }) =>
    observe({ type: 'keys', url, outcome: type, detail }),
  )
  const asker = createAsker()
  const onService = (url: string, event: ServiceEvent) => observe({ type: 'authorization', url, ...event })
  const revocations = new Revocations(MAX_REVOCATIONS, () => observe({ type: 'warning', message: FULL }))
  const sweep = new Sweep(sessions)
  const compile = (settings: Config): ProxyPolicy =>
    assemble(settings, {
      counts,
      candidateCounts,
      limiters,
      keySet,
      authorization: (settings) => createAuthorization(settings, { asker, clock, onEvent: onService }),
      revocations,
      tickets,
      isDraining: () => drain.isClosing,
      upstreams: (all) => new UpstreamPool(all),
    })
  let policy = compile(config)
  const { handshakeTimeout } = config
  const context = {
    wheel,
    now,
    clock,
    frameClock: () => Math.floor(performance.now()),
    observe,
    sessions,
    linger,
    policy: () => policy,
    answers: () => policy.answers,
    totals: (route: string) => sessions.totalsOf(route),
    makeWire: transport.make,
    isRaw: transport.isRaw,
    memory,
    ended: (session: Parameters<Sessions['remove']>[0]) => sessions.remove(session),
    handshakeTimeout,
    connectTimeout: handshakeTimeout,
    agents,
  }
  const cutting = new AbortController()
  const handlers: HttpHandlers = {
    onRequest: (request, response) => serveOrdinary(request, response, context),
    onUpgrade: (request, side, head) => {
      serveUpgrade(request, side, head, context).catch((error: unknown) => {
        // Nothing of ours should reject; if something does, it ends this socket and not the process.
        side.destroy()
        observe({
          type: 'warning',
          message: `an upgrade failed: ${error instanceof Error ? error.message : 'unknown'}`,
        })
      })
    },
    onMalformed: (refused) => observe({ type: 'malformed', ...refused }),
  }
  const server = createHttpServer(serverSettings(config, context), handlers, context)
  return {
    server,
    sessions,
    limiters,
    drain,
    policy: () => policy,
    adopt: (settings) => {
      const next = compile(settings)
      const changed = secureContext(settings)
      if (changed && server instanceof TlsServer) server.setSecureContext(changed)
      policy = next
      memory.most = settings.limits.buffered
      sessions.adopt(policy.routes)
      sweep.request()
    },
    finish: (timeoutMs) => finish(server, timeoutMs, cutting.signal),
    cut: () => {
      drain.cut()
      cutting.abort()
    },
    destroy: () => destroy({ server, sessions, linger, agents, asker, ticking }),
    revocations,
    judgeRights: () => sweep.request(),
    held: () => ({
      sessions: sessions.size,
      counts: counts.size + candidateCounts.size,
      deadlines: wheel.size,
      lingering: linger.size,
      buffered: memory.held,
    }),
  }
}

function serverSettings(
  config: Config,
  { policy, observe }: { readonly policy: () => ProxyPolicy; readonly observe: Observe },
): HttpServerSettings {
  const { handshakeTimeout } = config
  const tls = secureContext(config)
  const trusts = (peer: string) => policy().trust.trusts(peer)
  return {
    handshakeTimeout,
    ...(tls ? { tls } : {}),
    ...(config.proxyProtocol ? { proxyProtocol: { trusts, timeoutMs: handshakeTimeout, observe } } : {}),
  }
}

/** The certificate and key of the listener, where it has TLS. */
const secureContext = ({ tls }: Config) => tls && { cert: tls.cert.text, key: tls.key.text }

function finish(server: Server, timeoutMs: number, cut: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      clearInterval(ending)
      cut.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, cut.aborted ? 0 : Math.min(timeoutMs, MAX_TIMER_MS))
    // A kept connection whose last request is answered meanwhile would be waited for in vain.
    const ending = setInterval(() => server.closeIdleConnections(), IDLE_LOOK_MS)
    cut.addEventListener('abort', done)
    server.close(done)
    endUnread(server)
  })
}

interface Parts {
  readonly server: Server
  readonly sessions: Sessions
  readonly linger: Linger
  readonly agents: Agents
  readonly asker: Asker
  readonly ticking: NodeJS.Timeout
}

function destroy({ server, sessions, linger, agents, asker, ticking }: Parts): void {
  clearInterval(ticking)
  sessions.destroy()
  linger.destroy()
  server.closeAllConnections()
  endUnread(server)
  server.close()
  closeAgents(agents)
  asker.close()
}
