/** The opcodes of RFC 6455 section 5.2; 3 to 7 and 11 to 15 are reserved. From `close` on they are control frames. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** The bits beside the opcode in a frame's first byte. RSV1 marks a compressed message (RFC 7692 section 6). */
export const BIT = { fin: 0x80, rsv1: 0x40, rsv: 0x70, opcode: 0x0f } as const

/** The second byte of a frame: the mask bit, and the values of the 7-bit length that announce a longer one. */
export const LENGTH = { masked: 0x80, short: 0x7f, in16Bits: 126, in64Bits: 127 } as const

/** The most payload a control frame carries, in bytes (RFC 6455 section 5.5). */
export const CONTROL_LENGTH = 125

/** Who sent a frame, or whom it is for. What goes to the upstream is masked, what goes to the client is not. */
export type Peer = 'client' | 'upstream'

/**
 * A frame header as read off the wire, and what it means for the message it belongs to.
 *
 * A reader has ONE of these and overwrites it for every frame: copy what must outlive the next `next()`.
 */
export interface Frame {
  /** 0 to 15; 0 on a continuation, whatever its message is. */
  opcode: number
  /** The last frame of its message. */
  fin: boolean
  /** The reserved bits as on the wire: 0x40, 0x20, 0x10. */
  rsv: number
  /** Bytes of payload, as the header declares them. */
  length: number
  /** Starts a message: true on text and binary frames, false on continuations and control frames. */
  first: boolean
  /** The opcode that started this frame's message: text or binary; 0 on control frames. */
  messageOpcode: number
  /** Declared bytes of payload of the message so far, this frame included; 0 on control frames. */
  messageLength: number
  /** Frames of the message so far, this one included; 0 on control frames. */
  fragments: number
  /** The message's first frame carried RSV1: under permessage-deflate its payload is compressed. False on control frames. */
  compressed: boolean
  /** Milliseconds; the reader has no clock: the caller sets both once per chunk. When it is judged. */
  at: number
  /** When its chunk was read: earlier, where it had to wait. */
  arrived: number
}

/** The frame of a reader that has read nothing yet. */
export function blankFrame(): Frame {
  return {
    opcode: 0,
    fin: false,
    rsv: 0,
    length: 0,
    first: false,
    messageOpcode: 0,
    messageLength: 0,
    fragments: 0,
    compressed: false,
    at: 0,
    arrived: 0,
  }
}

/** What a peer did against RFC 6455, and the close code for it. The detail is for operators. */
export interface Violation {
  readonly code: 1002 | 1007 | 1009
  readonly detail: string
}
