/** The JWKS endpoints in use, one key set each, kept over reloads: the last good keys survive a bad moment. */
import type { KeySet } from './key-set.ts'
import { type KeySetEvent, remoteKeySet } from './remote-key-set.ts'
import { shownUrl } from './shown-url.ts'

/**
 * @param onEvent told of every fetch; the URL it gets is fit to be shown
 * @returns the key set at a URL
 */
export function keepKeySets(
  fetch: typeof globalThis.fetch,
  now: () => number,
  onEvent: (url: string, event: KeySetEvent) => void,
): (url: string) => KeySet {
  const kept = new Map<string, KeySet>()
  return (url) => {
    const shown = shownUrl(url)
    const known = kept.get(url) ?? remoteKeySet({ url, fetch, now, onEvent: (event) => onEvent(shown, event) })
    kept.set(url, known)
    return known
  }
}
