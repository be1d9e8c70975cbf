/** Sets of addresses, as a configuration names them. */
import { addressWords, formatWords, maskWords, type Words } from './address.ts'

/** A network: its first address and how many leading bits its addresses share. */
export interface Cidr {
  readonly words: Words
  readonly prefix: number
}

const EXPECTED = 'expected an address, a network such as 10.0.0.0/8, or one of loopback, private, linklocal'

const NAMED: ReadonlyMap<string, readonly string[]> = new Map([
  ['loopback', ['127.0.0.0/8', '::1']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7']],
  ['linklocal', ['169.254.0.0/16', 'fe80::/10']],
])

/**
 * Parses an entry of a setting: an address, a network, or the name of several (`private` is RFC 1918, 100.64.0.0/10 and
 * fc00::/7). An IPv4-mapped network is the IPv4 one. Throws what was expected, naming the network meant where bits
 * after the prefix are set.
 */
export function parseCidr(text: string): readonly Cidr[] {
  const named = NAMED.get(text)
  return named ? named.map(parseNetwork) : [parseNetwork(text)]
}

/**
 * Compiles entries of a setting to one question, asked once per prefix length in use however long the list is.
 * The address may be spelled in any way; what is no address is in no network. Throws as `parseCidr` does.
 */
export function compileCidrs(entries: readonly string[]): (address: string) => boolean {
  const ipv4 = new Map<number, Set<string>>()
  const ipv6 = new Map<number, Set<string>>()
  for (const { words, prefix } of entries.flatMap(parseCidr)) {
    const networks = words.length === 2 ? ipv4 : ipv6
    networks.set(prefix, (networks.get(prefix) ?? new Set()).add(key(words)))
  }
  const isEmpty = ipv4.size + ipv6.size === 0
  return (address) => {
    const words = isEmpty ? undefined : addressWords(address)
    if (!words) return false
    for (const [prefix, networks] of words.length === 2 ? ipv4 : ipv6) {
      if (networks.has(key(maskWords(words, prefix)))) return true
    }
    return false
  }
}

/**
 * Compiles `trustedProxies`, where the word `unix` trusts every peer of a unix socket, which the peer `unix` stands for.
 * Throws as `parseCidr` does.
 */
export function parseTrusted(entries: readonly string[]): { trusts(peer: string): boolean } {
  const unix = entries.includes('unix')
  const contains = compileCidrs(entries.filter((entry) => entry !== 'unix'))
  return { trusts: (peer) => (peer === 'unix' ? unix : contains(peer)) }
}

function parseNetwork(text: string): Cidr {
  const [address = '', bits, ...rest] = text.split('/')
  const words = addressWords(address)
  if (!words || address.includes('%') || rest.length > 0) throw new Error(`${text}: ${EXPECTED}`)
  const prefix = bits === undefined ? words.length * 16 : parsePrefix(text, bits, address.includes(':') ? 128 : 32)
  // An IPv4-mapped network counts its prefix from the 96 bits before the IPv4 address.
  const mapped = bits !== undefined && words.length === 2 && address.includes(':')
  return withoutHostBits(text, words, mapped ? prefix - 96 : prefix)
}

function parsePrefix(text: string, bits: string, max: number): number {
  const prefix = /^(?:0|[1-9]\d{0,2})$/.test(bits) ? Number(bits) : Number.NaN
  if (prefix <= max) return prefix
  throw new Error(`${text}: expected a prefix length from 0 to ${max} after the slash`)
}

function withoutHostBits(text: string, words: Words, prefix: number): Cidr {
  if (prefix < 0) throw new Error(`${text}: an IPv4-mapped network has a prefix length from 96 to 128`)
  const network = maskWords(words, prefix)
  if (key(network) === key(words)) return { words, prefix }
  throw new Error(`${text}: has bits set after the prefix, did you mean "${formatWords(network)}/${prefix}"?`)
}

function key(words: Words): string {
  return String.fromCharCode(...words)
}
