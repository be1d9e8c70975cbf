/** RFC 6455 the slow way, on whole buffers and BigInt: the oracle of the property tests, and a serialiser that obeys nobody. */

export interface RawFrame {
  readonly fin: boolean
  readonly rsv: number
  readonly opcode: number
  readonly payload: Uint8Array
  /** The four bytes of the masking key; none leaves the frame bare. */
  readonly mask?: readonly number[] | undefined
}

/** What a reader reports of a frame, as plain data. */
export interface SeenFrame {
  readonly opcode: number
  readonly fin: boolean
  readonly rsv: number
  readonly length: number
  readonly first: boolean
  readonly messageOpcode: number
  readonly messageLength: number
  readonly fragments: number
  readonly compressed: boolean
  readonly maskKey: number
}

export interface Reading {
  readonly frames: SeenFrame[]
  readonly violation: number | undefined
  /** How many bytes may be forwarded. */
  readonly good: number
}

export function serialise({ fin, rsv, opcode, payload, mask }: RawFrame): Buffer {
  const size = payload.length
  const header = [(fin ? 0x80 : 0) | rsv | opcode]
  const maskBit = mask === undefined ? 0 : 0x80
  if (size <= 125) header.push(maskBit | size)
  else if (size <= 0xffff) header.push(maskBit | 126, size >> 8, size & 255)
  else header.push(maskBit | 127, 0, 0, 0, 0, size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255)
  if (mask === undefined) return Buffer.concat([Buffer.from(header), payload])
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0))
  return Buffer.concat([Buffer.from([...header, ...mask]), masked])
}

/** Reads all of `bytes`; a unit that is cut short at the end is not good. */
export function naiveRead(bytes: Buffer, from: 'client' | 'upstream', rsv: { first: number; other: number }): Reading {
  const frames: SeenFrame[] = []
  let at = 0
  let message: { opcode: number; length: bigint; fragments: number; compressed: boolean } | undefined
  const stop = (violation?: number): Reading => ({ frames, violation, good: at })
  for (;;) {
    const rest = bytes.subarray(at)
    if (rest.length < 2) return stop()
    const [byte0 = 0, byte1 = 0] = rest
    const fin = byte0 > 127
    const bits = byte0 & 0x70
    const opcode = byte0 % 16
    const masked = byte1 > 127
    const short = byte1 % 128
    const lengthSize = short === 126 ? 2 : short === 127 ? 8 : 0
    const header = 2 + lengthSize + (masked ? 4 : 0)
    const unit = (opcode === 8 || opcode === 10) && short < 126 ? header + short : header
    if (rest.length < unit) return stop()
    const long = lengthSize > 0 ? BigInt(`0x${rest.subarray(2, 2 + lengthSize).toString('hex')}`) : BigInt(short)

    if (masked !== (from === 'client')) return stop(1002)
    if (short === 126 && long < 126n) return stop(1002)
    if (short === 127 && (long < 65536n || long >= 2n ** 63n)) return stop(1002)
    if (long >= 2n ** 53n) return stop(1009)
    if (![0, 1, 2, 8, 9, 10].includes(opcode)) return stop(1002)
    const control = opcode >= 8
    const starts = opcode === 1 || opcode === 2
    if (control && (!fin || short > 125)) return stop(1002)
    if (starts && message !== undefined) return stop(1002)
    if (opcode === 0 && message === undefined) return stop(1002)
    const allowed = starts ? rsv.first : rsv.other
    if ((bits | allowed) !== allowed) return stop(1002)

    const key = masked ? rest.readInt32BE(header - 4) : 0
    if (opcode === 8) {
      const payload = rest
        .subarray(header, unit)
        .map((byte, i) => byte ^ (masked ? (rest[header - 4 + (i % 4)] ?? 0) : 0))
      const violation = closeViolation(Buffer.from(payload))
      if (violation !== undefined) return stop(violation)
    }
    if (starts) message = { opcode, length: 0n, fragments: 0, compressed: (bits & 0x40) > 0 }
    if (!control && message !== undefined) {
      message.length += long
      message.fragments += 1
      if (message.length >= 2n ** 53n) return stop(1009)
    }
    const of = control ? undefined : message
    frames.push({
      opcode,
      fin,
      rsv: bits,
      length: Number(long),
      first: starts,
      messageOpcode: of?.opcode ?? 0,
      messageLength: Number(of?.length ?? 0n),
      fragments: of?.fragments ?? 0,
      compressed: of?.compressed ?? false,
      maskKey: key,
    })
    if (!control && fin) message = undefined
    const size = Math.max(unit, header + Number(long))
    if (rest.length < size) {
      at = bytes.length
      return stop()
    }
    at += size
  }
}

function closeViolation(payload: Buffer): number | undefined {
  if (payload.length === 0) return undefined
  if (payload.length === 1) return 1002
  const code = payload.readUInt16BE()
  const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
  if (!registered.includes(code) && !(code >= 3000 && code < 5000)) return 1002
  return payload.subarray(2).equals(Buffer.from(payload.subarray(2).toString())) ? undefined : 1007
}
