/** The JWKS endpoints in use, one key set each, kept over reloads: the last good keys survive a bad moment. */
import type { KeySet } from './key-set.ts'
import { type KeySetEvent, remoteKeySet } from './remote-key-set.ts'

/**
 * @param onEvent told of every fetch
 * @returns the key set at a URL
 */
export function keepKeySets(
  fetch: typeof globalThis.fetch,
  now: () => number,
  onEvent: (url: string, event: KeySetEvent) => void,
): (url: string) => KeySet {
  const kept = new Map<string, KeySet>()
  return (url) => {
    const known = kept.get(url) ?? remoteKeySet({ url, fetch, now, onEvent: (event) => onEvent(url, event) })
    kept.set(url, known)
    return known
  }
}
