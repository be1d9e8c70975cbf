/** Whoever serves clients, as the operators' side of a process sees it: this process itself, or its workers. */
import type { Observe } from '../observe/events.ts'
import type { LimiterReport } from '../observe/limiter-report.ts'
import type { MetricSources, Metrics } from '../observe/metrics.ts'
import type { SessionFilter, SessionList } from '../observe/session-list.ts'
import type { Drained, DrainSettings } from '../proxy/drain.ts'
import type { ProxyPolicy } from '../proxy/upgrade-context.ts'
import type { WireChoice } from '../proxy/wire-choice.ts'
import type { Listen } from '../settings/listen.ts'
import type { Held } from './proxy.ts'
import type { Loaded } from './reload.ts'
import type { Revoking } from './revoking.ts'

export interface Serving extends Revoking {
  /** How many processes serve; absent: this one. */
  readonly workers?: number
  readonly wire: Pick<WireChoice, 'name' | 'because'>
  /** Takes clients from now on; resolves to the address in use. Rejects with a sentence that says what to do. */
  readonly listen: (address: Listen) => Promise<string>
  /** The policy of now. */
  readonly policy: () => ProxyPolicy
  /** Swaps the policy wherever clients are served. Throws, or rejects, what is wrong with it, and then nothing changed. */
  readonly adopt: (next: Loaded) => void | Promise<void>
  /** Begins a drain, or joins the one under way; resolves when no connection is open. */
  readonly drain: (settings: DrainSettings) => Promise<Drained>
  readonly isDraining: () => boolean
  /** Takes no more connections; resolves when the requests under way are answered, or the time in ms is up. */
  readonly finish: (timeoutMs: number) => Promise<void>
  /** Ends the waiting of a drain, and of `finish`. */
  readonly cut: () => void
  /** Ends whatever is left, at once. */
  readonly destroy: () => void
  readonly list: (filter: SessionFilter, most: number) => SessionList | Promise<SessionList>
  readonly end: (whom: SessionFilter) => number | Promise<number>
  readonly limits: (top: number) => readonly LimiterReport[] | Promise<readonly LimiterReport[]>
  /** Why no client is served just now; empty where one is. */
  readonly problems: () => readonly string[]
  /** The address that most clients seem to have. */
  readonly oneClient: () => string | undefined
  /** What the metrics of this process ask. */
  readonly sources: Pick<MetricSources, 'totals' | 'limiters' | 'looksLikeOne'>
  /** The exposition text, of this process' own metrics and those of others. */
  readonly metricsText: (own: Metrics) => Promise<string>
  /** Told of every event of this process, beside log and metrics. */
  readonly observe: Observe
  readonly held: () => Held
}

/** What is needed to begin. */
export interface ServingParts {
  readonly loaded: Loaded
  readonly observe: Observe
}

export type OpenServing = (parts: ServingParts) => Promise<Serving>
