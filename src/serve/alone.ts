/** One process that serves clients by itself. */
import { reportOf } from '../observe/limiter-report.ts'
import { endSessions, listSessions } from '../observe/session-list.ts'
import { listen } from '../proxy/listen.ts'
import { chooseWire } from '../proxy/wire-choice.ts'
import { limiterViews } from './limiter-views.ts'
import { watchForOneClient } from './one-client.ts'
import { createProxy } from './proxy.ts'
import { revokingIn } from './revoking.ts'
import type { Serving, ServingParts } from './serving.ts'

const clock = () => performance.now()

/** Rejects where the wire that was asked for cannot be used. */
export async function serveAlone({ loaded, observe }: ServingParts): Promise<Serving> {
  const wire = await chooseWire(loaded.config.wire)
  const proxy = createProxy(loaded.config, wire, observe)
  const clients = watchForOneClient(clock, observe)
  const limiters = () => limiterViews(proxy.limiters, clock)
  return {
    wire,
    listen: (address) => listen(proxy.server, address),
    policy: proxy.policy,
    adopt: ({ config }) => proxy.adopt(config),
    drain: (settings) => proxy.drain.begin(settings),
    isDraining: () => proxy.drain.isDraining,
    finish: proxy.finish,
    cut: proxy.cut,
    destroy: proxy.destroy,
    list: (filter, most) => listSessions(proxy.sessions.all(), filter, most),
    end: (whom) => endSessions(proxy.sessions.all(), whom),
    ...revokingIn(proxy.revocations, () => Date.now(), proxy.judgeRights),
    limits: (top) => reportOf(limiters(), top),
    problems: () => [],
    oneClient: clients.address,
    sources: { totals: () => proxy.sessions.totals(), limiters, looksLikeOne: () => clients.address() !== undefined },
    metricsText: (own) => own.text(),
    observe: clients.observe,
    held: proxy.held,
  }
}
