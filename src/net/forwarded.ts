/** Who the client is behind trusted proxies. */
import { canonicalAddress } from './address.ts'

/** More proxies than stand in any row; a longer header is read no further. */
const MAX_HOPS = 64
/** The longest address, a zone, brackets, quotes and a port. */
const MAX_ENTRY = 140

/** The client's address, and the part of X-Forwarded-For that trusted proxies vouch for, from the client on. */
export interface Client {
  readonly ip: string
  /** Left to right, without the peer: `[...chain, peer].join(', ')` is the header for the backend. */
  readonly chain: string[]
}

/**
 * Walks X-Forwarded-For from the right, through trusted hops only. The first untrusted address is the client, whatever
 * stands left of it; where an entry is no address, the hop that sent it is. Of trusted hops alone the leftmost is the client.
 * @param peer the canonical address of the TCP peer, or `unix`
 * @param forwardedFor every line of the header, in order
 * @param trusts whether an address is a trusted proxy's
 */
export function resolveClient(
  peer: string,
  forwardedFor: readonly string[],
  trusts: (address: string) => boolean,
): Client {
  if (!trusts(peer)) return { ip: peer, chain: [] }
  const chain: string[] = []
  for (const entry of fromTheRight(forwardedFor)) {
    const address = entryAddress(entry)
    if (address === undefined || chain.length === MAX_HOPS) break
    chain.push(address)
    if (!trusts(address)) break
  }
  chain.reverse()
  return { ip: chain[0] ?? peer, chain }
}

/** The entries of all lines, last first, each cut off only when it is asked for. */
function* fromTheRight(lines: readonly string[]): Generator<string> {
  for (const line of lines.toReversed()) {
    let end = line.length
    while (end >= 0) {
      const comma = end === 0 ? -1 : line.lastIndexOf(',', end - 1)
      yield line.slice(comma + 1, end)
      end = comma
    }
  }
}

/** The address in an entry: bare, quoted, in brackets, with a port or a zone. `unknown` and `_hidden` have none. */
function entryAddress(entry: string): string | undefined {
  const text = unquoted(entry.trim())
  if (text.length > MAX_ENTRY) return undefined
  const bracketed = /^\[([^[\]]*:[^[\]]*)\](?::\d{1,5})?$/.exec(text)?.[1]
  const withPort = /^([\d.]+):\d{1,5}$/.exec(text)?.[1]
  return canonicalAddress(bracketed ?? withPort ?? text)
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}
