/** A frame header as it was read off the wire, which frame checks judge before a byte of its payload (RFC 6455 section 5.2). */
export interface Frame {
  readonly opcode: number
  readonly fin: boolean
  /** Declared payload bytes. */
  readonly length: number
  /** Starts a message: false for continuations and control frames. */
  readonly first: boolean
  /** Declared payload bytes of the message so far, this frame included; 0 for control frames. */
  readonly messageLength: number
  /** Frames of the message so far, this one included; 0 for control frames. */
  readonly fragments: number
  /** Of a compressed message (RFC 7692); false on control frames. */
  readonly compressed: boolean
  /** When it is judged, ms on a monotonic clock. */
  readonly at: number
  /** When the chunk that held it was read: earlier, where it had to wait. */
  readonly arrived: number
}

/** Close, ping and pong have the high bit of the opcode (RFC 6455 section 5.5). */
export const isControl = (frame: Frame): boolean => frame.opcode >= 8

export const isClose = (frame: Frame): boolean => frame.opcode === 8
