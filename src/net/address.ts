/** IP addresses in one spelling, and the address a client is counted by. */
import { isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** The longest IPv6 text is 45 characters; the rest leaves room for a zone. */
const MAX_LENGTH = 128

/** The 16-bit words of an address, most significant first: 2 for IPv4, 8 for IPv6. */
export type Words = readonly number[]

/**
 * Reads an IPv4 or IPv6 address. A zone is dropped, and an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) is the IPv4 one.
 * Undefined for anything else, `127.1` and octal, hexadecimal or whole-number IPv4 included.
 */
export function addressWords(text: string): Words | undefined {
  if (isIPv4(text)) return pairs(text.split('.').map(Number))
  // ipaddr.js takes `127.1`, `0x7f.1` and `2130706433` for addresses: isIP does not.
  if (text.length > MAX_LENGTH || isIP(text) === 0) return undefined
  const address = ipaddr.process(plain(text))
  return 'parts' in address ? address.parts : pairs(address.octets)
}

/** Prints an address: dotted IPv4, or compressed lower-case IPv6 (RFC 5952). */
export function formatWords(words: Words): string {
  const bytes = words.flatMap((word) => [word >> 8, word & 0xff])
  return flat(ipaddr.fromByteArray(bytes).toString())
}

/** The address with every bit after the first `prefix` cleared. */
export function maskWords(words: Words, prefix: number): Words {
  return words.map((word, index) => word & wordMask(prefix - index * 16))
}

/**
 * The one spelling of an address that a socket or a header gave: `::FFFF:1.2.3.4` is `1.2.3.4`, `FE80:0::1%eth0` is
 * `fe80::1`. Undefined where the text is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  // Of IPv4 node knows one spelling only.
  if (isIPv4(text)) return flat(text)
  const words = addressWords(text)
  return words && formatWords(words)
}

/**
 * The address a client is counted by: an IPv4 address itself, an IPv6 address as its network, such as `2001:db8::/64`.
 * What is no address, such as the peer `unix`, is its own key.
 * @param ipv6Prefix bits, 0 to 128
 */
export function keyAddress(address: string, ipv6Prefix: number): string {
  const words = isIPv4(address) ? undefined : addressWords(address)
  if (!words) return flat(address)
  if (words.length === 2) return formatWords(words)
  return flat(`${formatWords(maskWords(words, ipv6Prefix))}/${ipv6Prefix}`)
}

/** The text without its zone, and such that ipaddr.js reads `::1.2.3.4`, which it takes for mapped, as the IPv6 it is. */
function plain(text: string): string {
  const zone = text.indexOf('%')
  const address = zone === -1 ? text : text.slice(0, zone)
  return /^::\d+\./.test(address) ? `0${address}` : address
}

function pairs(octets: readonly number[]): Words {
  const [a = 0, b = 0, c = 0, d = 0] = octets
  return [a * 256 + b, c * 256 + d]
}

function wordMask(bits: number): number {
  if (bits <= 0) return 0
  return bits >= 16 ? 0xffff : (0xffff << (16 - bits)) & 0xffff
}

/** A copy that shares no memory: a slice would keep the whole header it was cut from alive, for as long as a key lives. */
function flat(text: string): string {
  return Buffer.from(text).toString()
}
