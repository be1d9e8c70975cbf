import { ALGORITHMS } from './algorithms.ts'
import { fetchKeySet } from './fetch-key-set.ts'
import { fetchSchedule } from './fetch-schedule.ts'
import { type FoundKeys, type KeyQuery, type KeySet, type ParsedKeySet, selectKeys } from './key-set.ts'

/** What happened at a JWKS endpoint; the detail is for operators and holds no secret. */
export type KeySetEvent =
  | { readonly type: 'fetched'; readonly keys: number; readonly changed: boolean; readonly detail: string }
  | { readonly type: 'failed'; readonly failures: number; readonly retryInMs: number; readonly detail: string }

export interface RemoteKeySetOptions {
  readonly url: string
  readonly fetch: typeof globalThis.fetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Told of every fetch; must not throw. */
  readonly onEvent: (event: KeySetEvent) => void
  /** How long one fetch may take, in ms (default 5000). */
  readonly timeoutMs?: number
}

/**
 * The key set behind a JWKS URL: fetched when first needed, kept 10 minutes, one fetch at a time. A token naming an
 * unknown key asks again, at most every 30 s. While the endpoint fails the last good set is served and the endpoint is
 * tried after 1, 2, 4 … 60 s, so that a storm of tokens costs it nothing. Throws an Error for a URL it cannot fetch.
 */
export function remoteKeySet(options: RemoteKeySetOptions): KeySet {
  const { fetch, onEvent, timeoutMs = 5_000 } = options
  const url = checkUrl(options.url)
  const schedule = fetchSchedule(options.now)
  let current: ParsedKeySet | undefined
  let generation = 0
  let problem = 'the key set was not fetched yet'
  let inFlight: Promise<void> | undefined

  async function fetchOnce(): Promise<void> {
    schedule.started()
    const fetched = await fetchKeySet(url, fetch, timeoutMs)
    inFlight = undefined
    if ('set' in fetched) return accept(fetched.set)
    problem = `the key set ${fetched.problem}`
    onEvent({ type: 'failed', ...schedule.failed(), detail: problem })
  }

  function accept(set: ParsedKeySet): void {
    schedule.succeeded()
    const changed = set.content !== current?.content
    if (changed) generation += 1
    // The same content stays the same keys: what was prepared to verify with them is kept.
    if (changed) current = set
    onEvent({ type: 'fetched', keys: set.keys.length, changed, detail: describe(set) })
  }

  function ask(): Promise<void> {
    inFlight ??= fetchOnce()
    return inFlight
  }

  function refresh(): Promise<void> | undefined {
    if (!schedule.isDue()) return undefined
    const nobodyWaits = current !== undefined && schedule.isFailing()
    const asked = ask()
    return nobodyWaits ? undefined : asked
  }

  function select(query: KeyQuery): FoundKeys {
    return current === undefined ? { unavailable: problem } : selectKeys(current.keys, query)
  }

  function find(query: KeyQuery): FoundKeys | Promise<FoundKeys> {
    const found = select(query)
    if ('unavailable' in found || found.length > 0) return found
    if (inFlight === undefined && !schedule.mayAskForUnknown()) return found
    return ask().then(() => select(query))
  }

  return {
    get generation() {
      return generation
    },
    serves: (algorithm) => ALGORITHMS[algorithm] !== 'secret',
    refresh,
    find(query) {
      const due = refresh()
      return due === undefined ? find(query) : due.then(() => find(query))
    },
  }
}

function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new Error('jwks: expected an http:// or https:// URL')
  }
  if (url.username !== '' || url.password !== '') {
    throw new Error('jwks: a URL with a user name or password cannot be fetched; remove them')
  }
  return url.href
}

function describe({ keys, ignored }: ParsedKeySet): string {
  const passedOver = ignored.private + ignored.symmetric + ignored.unusable
  const warning = ignored.private > 0 ? `; ${ignored.private} of them private keys, which must not be published` : ''
  return passedOver === 0 ? `${keys.length} keys` : `${keys.length} keys, ${passedOver} ignored${warning}`
}
