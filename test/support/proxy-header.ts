/** PROXY headers as load balancers write them. Written down from the specification, not with our own code. */
import { isIPv4 } from 'node:net'

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

export interface BinaryHeader {
  /** Version and command, 0x21 unless given. */
  readonly command?: number
  /** Family and transport, 0x11 unless given. */
  readonly family?: number
  readonly addresses?: Buffer
  /** Extensions behind the addresses. */
  readonly extensions?: Buffer
  /** What the header says of its own length; the truth unless given. */
  readonly length?: number
}

/** Version 2. */
export function binaryHeader(header: BinaryHeader = {}): Buffer {
  const { command = 0x21, family = 0x11, addresses = ipv4Block('203.0.113.9'), extensions = Buffer.alloc(0) } = header
  const fixed = Buffer.from([command, family, 0, 0])
  fixed.writeUInt16BE(header.length ?? addresses.length + extensions.length, 2)
  return Buffer.concat([SIGNATURE, fixed, addresses, extensions])
}

/** A source, the destination 192.0.2.1, and ports. */
export const ipv4Block = (source: string) =>
  Buffer.from([...source.split('.').map(Number), 192, 0, 2, 1, 0xc8, 0x00, 0x1f, 0x90])

/** A source as 32 hexadecimal digits, the destination ::1, and ports. */
export const ipv6Block = (source: string) => Buffer.from(`${source}${'1'.padStart(32, '0')}c8001f90`, 'hex')

/** One extension: type, length, value. */
export function extension(type: number, value: Buffer): Buffer {
  const head = Buffer.from([type, 0, 0])
  head.writeUInt16BE(value.length, 1)
  return Buffer.concat([head, value])
}

/** Version 1, for a client's address. */
export const lineHeader = (source: string) =>
  isIPv4(source) ? `PROXY TCP4 ${source} 192.0.2.1 51200 8080\r\n` : `PROXY TCP6 ${source} 2001:db8::ff 51200 8080\r\n`
