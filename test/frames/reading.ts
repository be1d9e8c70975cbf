import type { FrameReader } from '../../src/frames/reader.ts'
import type { Reading, SeenFrame } from './naive.ts'

/** Cuts bytes at the given places, in any order and not all of them inside; each chunk has a buffer and an offset of its own. */
export function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
  return places
    .slice(1)
    .map((end, i) => Buffer.concat([Buffer.alloc(i % 5), bytes.subarray(places[i], end)]).subarray(i % 5))
}

/** What a relay would do with the chunks: what it saw, what it forwarded, and how often it asked. */
export function readAll(
  reader: FrameReader,
  chunks: readonly Uint8Array[],
): Reading & { forwarded: Buffer; steps: number } {
  const frames: SeenFrame[] = []
  const forwarded: Uint8Array[] = []
  let steps = 0
  for (const chunk of chunks) {
    const held: Uint8Array[] = []
    let offset = 0
    while (offset < chunk.length) {
      steps++
      const header = reader.left === 0
      const end = header ? reader.next(chunk, offset) : reader.payload(chunk, offset)
      if (end < 0) break
      if (header) frames.push(seen(reader))
      const earlier = reader.held()
      if (earlier !== undefined) held.push(earlier)
      offset = end
    }
    forwarded.push(...held, Buffer.from(chunk.subarray(0, offset)))
    chunk.fill(0xee) // the shared read buffer is overwritten after the callback
  }
  const bytes = Buffer.concat(forwarded)
  return { frames, violation: reader.violation?.code, good: bytes.length, forwarded: bytes, steps }
}

function seen({ frame, maskKey }: FrameReader): SeenFrame {
  const { at: _at, arrived: _arrived, ...rest } = frame
  return { ...rest, maskKey }
}
