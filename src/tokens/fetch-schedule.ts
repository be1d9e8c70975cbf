const FRESH_MS = 10 * 60_000
const UNKNOWN_KID_COOLDOWN_MS = 30_000
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000

/** When a key set may be fetched: pure bookkeeping over a clock, in ms. */
export interface FetchSchedule {
  /** Whether the next fetch is due: at first, 10 minutes after a good one, 1, 2, 4 … 60 s after bad ones. */
  isDue(): boolean
  isFailing(): boolean
  /** Whether a token that names an unknown key may cause a fetch: 30 s after the last, and not while the endpoint fails. */
  mayAskForUnknown(): boolean
  started(): void
  succeeded(): void
  /** Answers how many fetches have failed in a row, and in how many ms the next is due. */
  failed(): { readonly failures: number; readonly retryInMs: number }
}

export function fetchSchedule(now: () => number): FetchSchedule {
  let failures = 0
  let dueAt = Number.NEGATIVE_INFINITY
  let startedAt = Number.NEGATIVE_INFINITY
  return {
    isDue: () => now() >= dueAt,
    isFailing: () => failures > 0,
    mayAskForUnknown: () => failures === 0 && now() >= startedAt + UNKNOWN_KID_COOLDOWN_MS,
    started() {
      startedAt = now()
    },
    succeeded() {
      failures = 0
      dueAt = now() + FRESH_MS
    },
    failed() {
      const retryInMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures)
      failures += 1
      dueAt = now() + retryInMs
      return { failures, retryInMs }
    },
  }
}
