/** What the admin API can do; the functions are handed in, so that this server knows nothing of the proxy. */
import type { LimiterView } from '../observe/limiter-view.ts'
import type { SessionView } from '../observe/session-view.ts'

export interface AdminActions {
  /** The effective configuration, secrets hidden. */
  readonly config: () => object
  /** Every open connection. */
  readonly sessions: () => Iterable<SessionView>
  readonly limiters: () => Iterable<LimiterView>
  /** Begins to drain, or joins a drain under way; resolves when all connections are gone. */
  readonly drain: () => Promise<{ readonly forced: number }>
  readonly reload: () => Promise<{ readonly ok: true } | { readonly ok: false; readonly problems: readonly string[] }>
  /** `25s` in ms; undefined where the text is no duration. */
  readonly parseDuration: (text: string) => number | undefined
}

/** A request that was let in. */
export interface AdminRequest {
  readonly method: string
  /** The target up to `?`, raw. */
  readonly path: string
  readonly query: URLSearchParams
}

export interface AdminAnswer {
  readonly status: number
  /** Sent as JSON; text is sent as it is. */
  readonly body: object | string
  readonly headers?: Readonly<Record<string, string>>
  /** What was done, for the log; only of requests that change something. */
  readonly done?: { readonly action: string; readonly detail: string }
}

/** A refusal with what to do about it. */
export const failure = (status: number, error: string, more: object = {}): AdminAnswer => ({
  status,
  body: { error, ...more },
})
