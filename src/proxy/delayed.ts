/** A frame whose turn has not come, and everything its sender sent after it: copies, for a chunk is valid during its call only. */
import type { Deadline } from './wheel.ts'

export class Delayed {
  /** The frame's header; a whole Close frame where that is what waits. */
  readonly header: Uint8Array
  /** What came after it, in order. */
  readonly chunks: Uint8Array[]
  /** What is to be done after all of that. */
  readonly acts: (() => void)[] = []
  /** When it is judged again. */
  deadline: Deadline

  /** @param held the part of the header that came in an earlier chunk @param at where the rest of it begins @param end where it ends */
  constructor(held: Uint8Array | undefined, chunk: Uint8Array, at: number, end: number, deadline: Deadline) {
    this.header = Buffer.concat([...(held ? [held] : []), chunk.subarray(at, end)])
    this.chunks = end < chunk.length ? [new Uint8Array(chunk.subarray(end))] : []
    this.deadline = deadline
  }

  keep(chunk: Uint8Array): void {
    this.chunks.push(new Uint8Array(chunk))
  }
}
