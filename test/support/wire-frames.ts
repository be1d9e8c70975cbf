/** Frames as bytes (Latin-1 text), written and read by a few lines of the tests' own: the relay is not its own witness. */

/** A frame as it was found on the wire. */
export interface WireFrame {
  readonly fin: boolean
  /** The reserved bits, in place. */
  readonly rsv: number
  readonly opcode: number
  readonly isMasked: boolean
  /** Unmasked. */
  readonly payload: Buffer
}

export interface FrameOptions {
  readonly fin?: boolean
  readonly rsv?: number
}

const KEY = Buffer.from([0x12, 0xa4, 0x5b, 0xfe])

/** A frame as a backend sends it. */
export function bare(
  opcode: number,
  payload: string | Buffer = '',
  { fin = true, rsv = 0 }: FrameOptions = {},
): string {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
  return head(opcode, bytes.length, 0, fin, rsv) + bytes.toString('latin1')
}

/** A frame as a client sends it. */
export function masked(opcode: number, payload: string | Buffer = '', options: FrameOptions = {}): string {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
  return maskedHead(opcode, bytes.length, options) + mask(bytes).toString('latin1')
}

/** The header alone, of a frame whose payload is sent piece by piece. */
export function maskedHead(opcode: number, length: number, { fin = true, rsv = 0 }: FrameOptions = {}): string {
  return head(opcode, length, 0x80, fin, rsv) + KEY.toString('latin1')
}

export function bareHead(opcode: number, length: number, { fin = true, rsv = 0 }: FrameOptions = {}): string {
  return head(opcode, length, 0, fin, rsv)
}

/** A payload, or a piece of one that begins at a multiple of 4, as `masked` masks it. */
function mask(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ (KEY[index & 3] ?? 0)))
}

/** The payload of a Close. */
export function closing(code: number, reason = ''): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason))
  payload.writeUInt16BE(code)
  payload.write(reason, 2)
  return payload
}

/** What a Close says, or undefined where the frame is none; 1005: no code. */
export function closeOf(frame: WireFrame): { code: number; reason: string } | undefined {
  if (frame.opcode !== 8) return undefined
  if (frame.payload.length === 0) return { code: 1005, reason: '' }
  return { code: frame.payload.readUInt16BE(0), reason: frame.payload.toString('utf8', 2) }
}

/** The whole frames at the start of what was received. */
export function framesIn(text: string): WireFrame[] {
  const bytes = Buffer.from(text, 'latin1')
  const frames: WireFrame[] = []
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = bytes.readUInt8(at + 1) & 0x7f
    const isMasked = bytes.readUInt8(at + 1) >= 0x80
    const extra = short < 126 ? 0 : short === 126 ? 2 : 8
    const start = at + 2 + extra + (isMasked ? 4 : 0)
    if (start > bytes.length) break
    const length =
      extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    if (start + length > bytes.length) break
    const key = isMasked ? bytes.subarray(start - 4, start) : undefined
    const first = bytes.readUInt8(at)
    const payload = Buffer.from(bytes.subarray(start, start + length))
    if (key) for (let index = 0; index < length; index++) payload[index] = (payload[index] ?? 0) ^ (key[index & 3] ?? 0)
    frames.push({ fin: first >= 0x80, rsv: first & 0x70, opcode: first & 0x0f, isMasked, payload })
    at = start + length
  }
  return frames
}

function head(opcode: number, length: number, maskBit: number, fin: boolean, rsv: number): string {
  const first = (fin ? 0x80 : 0) | rsv | opcode
  if (length < 126) return String.fromCharCode(first, maskBit | length)
  const extra = Buffer.alloc(length < 0x10000 ? 2 : 8)
  if (extra.length === 2) extra.writeUInt16BE(length)
  else extra.writeBigUInt64BE(BigInt(length))
  return String.fromCharCode(first, maskBit | (extra.length === 2 ? 126 : 127)) + extra.toString('latin1')
}
