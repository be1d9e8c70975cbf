/** What the admin API can do; the functions are handed in, so that this server knows nothing of the proxy. */
import type { LimiterReport } from '../observe/limiter-report.ts'
import type { SessionFilter, SessionList } from '../observe/session-list.ts'

export interface AdminActions {
  /** The effective configuration, secrets hidden. */
  readonly config: () => object
  /** Open connections that match, at most so many of them. */
  readonly list: (filter: SessionFilter, most: number) => SessionList | Promise<SessionList>
  /** Ends those that match, and says how many. */
  readonly end: (whom: SessionFilter) => number | Promise<number>
  /** Every limiter, and the keys that use most of its rate: so many of each. */
  readonly limits: (top: number) => readonly LimiterReport[] | Promise<readonly LimiterReport[]>
  /** Begins to drain, or joins a drain under way; resolves when all connections are gone. */
  readonly drain: () => Promise<{ readonly forced: number }>
  readonly reload: () => Promise<{ readonly ok: true } | { readonly ok: false; readonly problems: readonly string[] }>
  /** Revokes what a JSON body says; a text says what is wrong with it. */
  readonly revoke: (body: string) => Promise<object | string>
  /** Whether there was one of that id. */
  readonly unrevoke: (id: string) => boolean | Promise<boolean>
  /** How many operators made, and at most so many of them. */
  readonly revocations: (most: number) => { readonly total: number; readonly rows: readonly object[] }
  /** `25s` in ms; undefined where the text is no duration. */
  readonly parseDuration: (text: string) => number | undefined
}

/** A request that was let in. */
export interface AdminRequest {
  readonly method: string
  /** The target up to `?`, raw. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
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
