/** A frame whose turn has not come, and everything its sender sent after it: copies, for a chunk is valid during its call only. */
import type { Deadline } from './wheel.ts'

/** Bytes of the sender that are ours to keep. */
export interface Kept {
  readonly bytes: Uint8Array
  /** When they were read, ms, monotonic. */
  readonly at: number
}

export class Delayed {
  /** The frame's header; a whole Close frame where that is what waits. */
  readonly header: Uint8Array
  /** What came after it, in order. */
  readonly chunks: Kept[]
  /** What is to be done after all of that. */
  readonly acts: (() => void)[] = []
  /** When it is judged again. */
  deadline: Deadline

  /** @param header a copy @param rest of the chunk that the header stood in */
  constructor(header: Uint8Array, rest: Kept, deadline: Deadline) {
    this.header = header
    this.chunks = rest.bytes.length > 0 ? [rest] : []
    this.deadline = deadline
  }
}
