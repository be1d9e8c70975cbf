/**
 * The header of the PROXY protocol, versions 1 and 2, with which a load balancer that passes on bytes says whose bytes they
 * are (haproxy.org, doc/proxy-protocol.txt). It stands in front of everything else on a connection.
 */
import { isIPv4, isIPv6 } from 'node:net'
import { canonicalAddress } from './address.ts'

/** The longest line of version 1, its end included (section 2.1). */
const MAX_LINE = 107
/** Far more than addresses and the usual extensions take; version 2 could say 65 551. */
const MAX_BYTES = 4096

const LINE_START = Buffer.from('PROXY ')
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** The signature, version and command, family and transport, length. */
const FIXED_BYTES = 16

export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly detail: string }
  | {
      readonly kind: 'complete'
      /** Bytes of the header; what the client says follows. */
      readonly length: number
      /** The client's canonical address, or `unix`; undefined where the balancer speaks for itself or does not know. */
      readonly source: string | undefined
    }

const INCOMPLETE: ProxyHeader = { kind: 'incomplete' }
const malformed = (detail: string): ProxyHeader => ({ kind: 'malformed', detail })
const complete = (length: number, source?: string): ProxyHeader => ({ kind: 'complete', length, source })

/**
 * Reads the header at the beginning of a connection, of which any number of bytes has arrived. Never waits for bytes
 * that could make no difference, nor for more than 4 KiB.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsAs(bytes, LINE_START)) return bytes.length < LINE_START.length ? INCOMPLETE : readLine(bytes)
  if (startsAs(bytes, SIGNATURE)) return readBinary(bytes)
  return malformed('no PROXY header')
}

/** Whether the bytes begin with an expected text, or are the beginning of it. */
function startsAs(bytes: Buffer, expected: Buffer): boolean {
  const length = Math.min(bytes.length, expected.length)
  return bytes.compare(expected, 0, length, 0, length) === 0
}

/** Version 1: one line of text. */
function readLine(bytes: Buffer): ProxyHeader {
  const line = bytes.toString('latin1', 0, MAX_LINE)
  const end = line.search(/[^ -~]/)
  if (end === -1) return line.length < MAX_LINE ? INCOMPLETE : malformed(`a PROXY line of more than ${MAX_LINE} bytes`)
  if (line[end] !== '\r' || (end + 1 < line.length && line[end + 1] !== '\n')) {
    return malformed('a control byte in the PROXY line')
  }
  // The line end itself counts.
  if (end + 1 === line.length) return end + 1 < MAX_LINE ? INCOMPLETE : malformed('a PROXY line without its end')
  return readFields(line.slice(LINE_START.length, end).split(' '), end + 2)
}

function readFields([family, ...rest]: readonly string[], length: number): ProxyHeader {
  // What may follow it is to be ignored (section 2.1).
  if (family === 'UNKNOWN') return complete(length)
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIPv6 : undefined
  if (!isAddress) return malformed('a PROXY line of an unknown family')
  const [source = '', destination = '', ...ports] = rest
  const isWhole = isAddress(source) && isAddress(destination) && ports.length === 2 && ports.every(isPort)
  return isWhole
    ? complete(length, canonicalAddress(source))
    : malformed('a PROXY line without two addresses and ports')
}

const isPlainIPv6 = (text: string) => isIPv6(text) && !text.includes('%')
const isPort = (text: string) => /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535

/** Version 2: fixed fields, addresses, and extensions, which are skipped. */
function readBinary(bytes: Buffer): ProxyHeader {
  const command = bytes[12]
  const family = bytes[13]
  if (command === undefined) return INCOMPLETE
  if (command !== LOCAL && command !== PROXIED) return malformed('a PROXY header of an unknown version or command')
  if (family === undefined) return INCOMPLETE
  const kind = command === LOCAL ? UNSPECIFIED : ADDRESSES.get(family)
  if (!kind) return malformed(`a PROXY header of an unknown family or transport: ${family}`)
  if (bytes.length < FIXED_BYTES) return INCOMPLETE
  const declared = bytes.readUInt16BE(14)
  const length = FIXED_BYTES + declared
  if (declared < kind.bytes) return malformed(`a PROXY header too short for its addresses: ${declared} bytes`)
  if (length > MAX_BYTES) return malformed(`a PROXY header of more than ${MAX_BYTES} bytes`)
  return bytes.length < length ? INCOMPLETE : complete(length, kind.source(bytes))
}

/** Version 2 in the high bits; LOCAL: the balancer's own connection, such as its health check. */
const LOCAL = 0x20
const PROXIED = 0x21

interface AddressBlock {
  /** Source and destination, and their ports. */
  readonly bytes: number
  readonly source: (bytes: Buffer) => string | undefined
}

const UNSPECIFIED: AddressBlock = { bytes: 0, source: () => undefined }

/** By family and transport: streams only (section 2.2). */
const ADDRESSES: ReadonlyMap<number, AddressBlock> = new Map([
  [0x00, UNSPECIFIED],
  [0x11, { bytes: 12, source: (bytes) => bytes.subarray(FIXED_BYTES, FIXED_BYTES + 4).join('.') }],
  [0x21, { bytes: 36, source: (bytes) => canonicalAddress(ipv6Text(bytes.subarray(FIXED_BYTES, FIXED_BYTES + 16))) }],
  [0x31, { bytes: 216, source: () => 'unix' }],
])

const ipv6Text = (bytes: Buffer) => (bytes.toString('hex').match(/.{4}/g) ?? []).join(':')
