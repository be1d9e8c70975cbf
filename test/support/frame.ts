/** A frame's header, as the reader reports it. */
import type { Frame } from '../../src/policy/frame.ts'

/** A whole text message of 5 bytes at 0 ms, unless a test says otherwise. */
export const frame = (more: Partial<Frame> = {}): Frame => ({
  opcode: 1,
  fin: true,
  length: 5,
  first: true,
  messageLength: more.length ?? 5,
  fragments: 1,
  compressed: false,
  at: 0,
  arrived: more.at ?? 0,
  ...more,
})

/** A ping at a time. */
export const ping = (at: number): Frame =>
  frame({ opcode: 9, length: 0, first: false, messageLength: 0, fragments: 0, at })
