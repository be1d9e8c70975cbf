/** Who the client is behind trusted proxies. */
import { canonicalAddress } from './address.ts'
import { elementNode, elementsFromTheRight } from './forwarded-element.ts'

/** More proxies than stand in any row; a longer header is read no further. */
const MAX_HOPS = 64
/** The longest address, a zone, brackets, quotes and a port. */
const MAX_ENTRY = 140

/** The client's address, and the part of the header that trusted proxies vouch for, from the client on. */
export interface Client {
  readonly ip: string
  /** Left to right, without the peer: `[...chain, peer].join(', ')` is X-Forwarded-For for the backend. */
  readonly chain: string[]
}

/**
 * Walks from the peer to the client, through trusted hops only. The first untrusted address is the client, whatever
 * comes behind it; where a hop names no address, that hop is. Of trusted hops alone the last one is the client.
 * @param peer the canonical address of the TCP peer, or `unix`
 * @param hops as `forwardedHops` reads them off the header
 * @param trusts whether an address is a trusted proxy's
 */
export function resolveClient(
  peer: string,
  hops: Iterable<string | undefined>,
  trusts: (address: string) => boolean,
): Client {
  if (!trusts(peer)) return { ip: peer, chain: [] }
  const chain: string[] = []
  for (const address of hops) {
    if (address === undefined || chain.length === MAX_HOPS) break
    chain.push(address)
    if (!trusts(address)) break
  }
  chain.reverse()
  return { ip: chain[0] ?? peer, chain }
}

/** Whether a header names an address that is none of the known, or more of them than stand in any row. */
export function namesOthers(hops: Iterable<string | undefined>, known: readonly string[]): boolean {
  let count = 0
  for (const address of hops) {
    count++
    if (count > MAX_HOPS || (address !== undefined && !known.includes(address))) return true
  }
  return false
}

/**
 * The addresses that a header names, canonical and last first, undefined for what is none: of `forwarded` by RFC 7239,
 * of any other as a list, which X-Forwarded-For is, and of which one address is the shortest. Each entry is cut off only
 * when it is asked for, from the right: nothing that a client wrote on the left changes how the rest is read.
 * @param name of the header, lower-case
 * @param lines every line of it, in order
 */
export function* forwardedHops(name: string, lines: readonly string[]): Generator<string | undefined> {
  const read = name === 'forwarded' ? elementsFromTheRight : entriesFromTheRight
  const address = name === 'forwarded' ? elementAddress : entryAddress
  for (const line of lines.toReversed()) {
    for (const entry of read(line)) yield address(entry)
  }
}

function* entriesFromTheRight(line: string): Generator<string> {
  let end = line.length
  while (end >= 0) {
    const comma = end === 0 ? -1 : line.lastIndexOf(',', end - 1)
    yield line.slice(comma + 1, end)
    end = comma
  }
}

function entryAddress(entry: string): string | undefined {
  const text = entry.trim()
  const isQuoted = text.length > 1 && text.startsWith('"') && text.endsWith('"')
  return nodeAddress(isQuoted ? text.slice(1, -1) : text)
}

function elementAddress(element: string): string | undefined {
  const node = elementNode(element)
  return node === undefined ? undefined : nodeAddress(node)
}

/** The address of a node: bare, in brackets, with a port (RFC 7239 section 6: also a hidden one) or a zone. */
function nodeAddress(text: string): string | undefined {
  if (text.length > MAX_ENTRY) return undefined
  const bracketed = /^\[([^[\]]*:[^[\]]*)\](?::(?:\d{1,5}|_[\w.-]+))?$/.exec(text)?.[1]
  const withPort = /^([\d.]+):(?:\d{1,5}|_[\w.-]+)$/.exec(text)?.[1]
  return canonicalAddress(bracketed ?? withPort ?? text)
}
