import { byteAt, int32At } from './bytes.ts'
import { type Close, readClose } from './close.ts'
import { BIT, blankFrame, CONTROL_LENGTH, type Frame, LENGTH, OPCODE, type Peer, type Violation } from './frame.ts'
import {
  isWhole,
  LONGEST_UNIT,
  lengthViolation,
  payloadLength,
  reservedOpcode,
  rsvNotNegotiated,
  unitLength,
} from './header.ts'
import { unmask } from './mask.ts'

/** How a `FrameReader` is made. */
export interface ReaderOptions {
  /** Who sends these frames: a client must mask them, an upstream must not. */
  readonly from: Peer
  /** RSV bits allowed on the first frame of a message, and on any other; `allowedRsv()` says which. */
  readonly rsv: { readonly first: number; readonly other: number }
}

/**
 * Reads frame headers off one direction of a connection, chunk by chunk (RFC 6455 section 5).
 *
 * It never touches payloads, those of Close and Pong aside, and allocates nothing for a frame that lies whole in its chunk. The
 * caller alternates `next()`, at a frame boundary, and `payload()`, while `left` is not 0:
 *
 *     while (offset < chunk.length) {
 *       const end = reader.left > 0 ? reader.payload(chunk, offset) : reader.next(chunk, offset)
 *       if (end < 0) break              // reader.violation, or the unit goes on in the next chunk
 *       offset = end                    // forward reader.held() after a next(), then chunk[offset..end)
 *     }
 */
export class FrameReader {
  /** The frame read last: one object, overwritten by each `next()`. */
  readonly frame: Frame = blankFrame()
  /** Payload bytes of the current frame still to come; 0 where another frame may be injected (trap 11). */
  left = 0
  /** The masking key of the current frame, four bytes as one big-endian number; 0 when it has none. */
  maskKey = 0
  /** Set when `next()` met one: the reader is then finished, and the frame must not be forwarded. */
  violation: Violation | undefined = undefined
  /** Set when `next()` read a Close frame: whatever the peer sends after it is to be discarded (RFC 6455 section 1.4). */
  close: Close | undefined = undefined

  readonly #maskBit: number
  readonly #rsvFirst: number
  readonly #rsvOther: number
  /** The opcode of the message that is not finished; 0 between messages. */
  #messageOpcode = 0
  #messageLength = 0
  #fragments = 0
  #compressed = false
  /** The unit that a chunk ended in: made when that happens, dropped when it is read. */
  #unit: Uint8Array | undefined = undefined
  /** Bytes of that unit known so far. */
  #known = 0
  /** How many of them came before the current chunk. */
  #earlier = 0

  constructor(options: ReaderOptions) {
    this.#maskBit = options.from === 'client' ? LENGTH.masked : 0
    this.#rsvFirst = options.rsv.first
    this.#rsvOther = options.rsv.other
  }

  /** The place in its frame's payload of the byte that comes next, for `unmask()`: to be read before `payload()` moves it. */
  get phase(): number {
    return this.frame.length - this.left
  }

  /** Whether a message is open: its last frame has not been read, so no data frame may be injected (trap 11). */
  get insideMessage(): boolean {
    return this.#messageOpcode !== 0
  }

  /**
   * Reads the next unit into `frame`: a frame's header, or a whole Close or Pong, so that it is judged before any of it is
   * forwarded. Only to be called where `left` is 0.
   *
   * Returns the offset just past the unit. Returns -1 when the chunk ended inside it, whose bytes are then held and must
   * not be forwarded yet, and when the frame is a `violation`.
   */
  next(chunk: Uint8Array, offset: number): number {
    if (this.violation !== undefined || offset >= chunk.length) return -1
    if (this.#unit !== undefined && this.#known > 0) return this.#resume(this.#unit, chunk, offset)
    this.#unit = undefined
    const size = unitLength(chunk, offset, chunk.length - offset)
    if (offset + size > chunk.length) return this.#resume(new Uint8Array(LONGEST_UNIT), chunk, offset)
    this.violation = this.#read(chunk, offset, size)
    return this.violation === undefined ? offset + size : -1
  }

  /**
   * Takes the bytes of the unit just read that came in earlier chunks, to be forwarded before the chunk's own; undefined
   * when there are none, or they have been taken. To be asked after a `next()`; the bytes are the caller's to keep.
   */
  held(): Uint8Array | undefined {
    if (this.#unit === undefined || this.#known > 0) return undefined
    const held = this.#unit.subarray(0, this.#earlier)
    this.#unit = undefined
    return held
  }

  /**
   * The payload, unmasked, of the Pong that was just read, whose unit ends at `end` of its chunk. To be asked before `held()`
   * and the next `next()`; a copy.
   */
  pong(chunk: Uint8Array, end: number): Uint8Array {
    const { length } = this.frame
    // A unit that came in pieces lies at the start of its own bytes.
    const [bytes, at] = this.#unit === undefined ? [chunk, end - length] : [this.#unit, this.#maskBit === 0 ? 2 : 6]
    const payload = new Uint8Array(length)
    unmask(payload, bytes, at, at + length, this.maskKey, 0)
    return payload
  }

  /** Consumes payload of the current frame: returns the offset just past what the chunk has of it. */
  payload(chunk: Uint8Array, offset: number): number {
    const taken = Math.min(this.left, chunk.length - offset)
    this.left -= taken
    return offset + taken
  }

  /** Goes on with a unit that is split over chunks, byte by byte: it has at most 139 of them. */
  #resume(unit: Uint8Array, chunk: Uint8Array, offset: number): number {
    this.#unit = unit
    this.#earlier = this.#known
    let at = offset
    while (this.#known < unitLength(unit, 0, this.#known)) {
      if (at === chunk.length) return -1
      unit[this.#known++] = byteAt(chunk, at++)
    }
    this.violation = this.#read(unit, 0, this.#known)
    this.#known = 0
    return this.violation === undefined ? at : -1
  }

  /** Reads a unit that is there as a whole. */
  #read(bytes: Uint8Array, at: number, size: number): Violation | undefined {
    const byte0 = byteAt(bytes, at)
    const byte1 = byteAt(bytes, at + 1)
    const opcode = byte0 & BIT.opcode
    const masked = byte1 & LENGTH.masked
    const short = byte1 & LENGTH.short
    if (masked !== this.#maskBit) return { code: 1002, detail: masked === 0 ? 'unmasked frame' : 'masked frame' }

    const wrong = short < LENGTH.in16Bits ? undefined : lengthViolation(bytes, at)
    if (wrong !== undefined) return wrong

    const length = payloadLength(bytes, at)
    const { frame } = this
    frame.opcode = opcode
    frame.fin = byte0 >= BIT.fin
    frame.rsv = byte0 & BIT.rsv
    frame.length = length
    const header = size - (isWhole(opcode) && short < LENGTH.in16Bits ? length : 0)
    this.maskKey = masked === 0 ? 0 : int32At(bytes, at + header - 4)
    this.left = 0
    if (opcode >= OPCODE.close) return this.#control(frame, bytes, at + header)
    return this.#data(frame)
  }

  #data(frame: Frame): Violation | undefined {
    const { opcode } = frame
    if (opcode > OPCODE.binary) return reservedOpcode(opcode)
    const first = opcode !== OPCODE.continuation
    if (first && this.#messageOpcode !== 0) return { code: 1002, detail: 'new message inside a fragmented one' }
    if (!first && this.#messageOpcode === 0) return { code: 1002, detail: 'continuation without a message' }
    if ((frame.rsv & ~(first ? this.#rsvFirst : this.#rsvOther)) !== 0) return rsvNotNegotiated(frame.rsv)

    if (first) this.#begin(frame)
    this.#messageLength += frame.length
    this.#fragments++
    if (this.#messageLength > Number.MAX_SAFE_INTEGER) return { code: 1009, detail: 'message longer than 2^53-1 bytes' }
    frame.first = first
    frame.messageOpcode = this.#messageOpcode
    frame.messageLength = this.#messageLength
    frame.fragments = this.#fragments
    frame.compressed = this.#compressed
    if (frame.fin) this.#messageOpcode = 0
    this.left = frame.length
    return undefined
  }

  #begin(frame: Frame): void {
    this.#messageOpcode = frame.opcode
    this.#messageLength = 0
    this.#fragments = 0
    this.#compressed = (frame.rsv & BIT.rsv1) !== 0
  }

  /** Control frames may lie between the fragments of a message, and leave its state alone. */
  #control(frame: Frame, bytes: Uint8Array, payloadAt: number): Violation | undefined {
    if (frame.opcode > OPCODE.pong) return reservedOpcode(frame.opcode)
    if (!frame.fin) return { code: 1002, detail: 'fragmented control frame' }
    if (frame.length > CONTROL_LENGTH) return { code: 1002, detail: `control frame of ${frame.length} bytes` }
    if ((frame.rsv & ~this.#rsvOther) !== 0) return rsvNotNegotiated(frame.rsv)

    frame.first = false
    frame.messageOpcode = 0
    frame.messageLength = 0
    frame.fragments = 0
    frame.compressed = false
    if (frame.opcode === OPCODE.close) return this.#end(frame, bytes, payloadAt)
    if (frame.opcode === OPCODE.ping) this.left = frame.length
    return undefined
  }

  #end(frame: Frame, bytes: Uint8Array, payloadAt: number): Violation | undefined {
    const payload = new Uint8Array(frame.length)
    unmask(payload, bytes, payloadAt, payloadAt + frame.length, this.maskKey, 0)
    const close = readClose(payload)
    if ('detail' in close) return close
    this.close = close
    return undefined
  }
}
