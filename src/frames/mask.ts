import { byteAt } from './bytes.ts'

// Below this many bytes the two DataViews cost more than words save.
const WORDS_PAY = 192

/**
 * Masks or unmasks payload, which is the same operation (RFC 6455 section 5.3).
 *
 * `source[start..end)` is written to `target` from 0 on; the two must not overlap. `key` is the masking key, four bytes
 * as one big-endian number, 0 for none; `phase` is the place of `source[start]` in the payload, of which only the last
 * two bits matter. Returns whether all that was written is ASCII, which costs nothing to see on the way.
 */
export function unmask(
  target: Uint8Array,
  source: Uint8Array,
  start: number,
  end: number,
  key: number,
  phase: number,
): boolean {
  const turned = turn(key, phase)
  const inWords = end - start < WORDS_PAY ? 0 : (end - start) & ~7
  const seen = inWords === 0 ? 0 : unmaskWords(target, source, start, inWords, turned)
  const rest = unmaskBytes(target, inWords, source, start + inWords, end, turned)
  return ((seen | rest) & 0x80808080) === 0
}

/**
 * Whether payload is ASCII once it is unmasked; parameters as in {@link unmask}. Nothing is written, and words are read
 * where they lie: a quarter of what unmasking costs, or less.
 */
export function isMaskedAscii(source: Uint8Array, start: number, end: number, key: number, phase: number): boolean {
  const words = wordsOf(source)
  const { byteOffset } = source
  const unaligned = -(byteOffset + start) & 3
  const first = Math.min(start + unaligned, end)
  const turned = turn(key, phase)
  if (!areAscii(source, start, first, turned)) return false
  const inWords = turn(turned, unaligned)
  const word = inOrder(inWords)
  const last = (byteOffset + end) >>> 2
  for (let at = (byteOffset + first) >>> 2; at < last; at += BLOCK) {
    if ((seenIn(words, at, Math.min(at + BLOCK, last), word) & 0x80808080) !== 0) return false
  }
  return areAscii(source, Math.max(first, last * 4 - byteOffset), end, inWords)
}

/** Words that are looked at before one that is not ASCII is noticed. */
const BLOCK = 1024

/** The OR of some words, unmasked. */
function seenIn(words: Int32Array, from: number, to: number, key: number): number {
  let seen = 0
  let at = from
  // The loops' bounds: every word is there. Four in a step take two thirds of the time that one does.
  for (; at + 3 < to; at += 4) {
    const two = ((words[at] as number) ^ key) | ((words[at + 1] as number) ^ key)
    seen |= two | ((words[at + 2] as number) ^ key) | ((words[at + 3] as number) ^ key)
  }
  for (; at < to; at++) seen |= (words[at] as number) ^ key
  return seen
}

/**
 * Unmasks as {@link unmask} does, word for word: twice as fast and more where it is much. `bytes` and `words` are the same
 * memory from its beginning on, and `at` lies in its word as `source[start]` does in its own.
 */
export function unmaskAlike(
  { bytes, words, at }: { readonly bytes: Uint8Array; readonly words: Int32Array; readonly at: number },
  source: Uint8Array,
  start: number,
  end: number,
  key: number,
  phase: number,
): boolean {
  const { byteOffset } = source
  const first = Math.min(start + (-(byteOffset + start) & 3), end)
  const turned = turn(key, phase)
  const inWords = turn(turned, first - start)
  const count = (end - first) >>> 2
  const last = first + 4 * count
  const move = at - start
  const edges =
    moveBytes(bytes, move, source, start, first, turned) | moveBytes(bytes, move, source, last, end, inWords)
  const to = (first + move) >>> 2
  const seen = moveWords(words, to, wordsOf(source), (byteOffset + first) >>> 2, count, inOrder(inWords))
  return ((edges | seen) & 0x80808080) === 0
}

function moveBytes(
  target: Uint8Array,
  move: number,
  source: Uint8Array,
  start: number,
  end: number,
  key: number,
): number {
  let seen = 0
  for (let at = start, shift = 24; at < end; at++, shift -= 8) {
    const plain = byteAt(source, at) ^ ((key >>> shift) & 0xff)
    target[at + move] = plain
    seen |= plain
  }
  return seen
}

function moveWords(
  target: Int32Array,
  to: number,
  source: Int32Array,
  from: number,
  count: number,
  key: number,
): number {
  let seen = 0
  let at = 0
  // The loops' bounds: every word is there.
  for (; at + 1 < count; at += 2) {
    const one = (source[from + at] as number) ^ key
    const two = (source[from + at + 1] as number) ^ key
    target[to + at] = one
    target[to + at + 1] = two
    seen |= one | two
  }
  if (at < count) {
    const one = (source[from + at] as number) ^ key
    target[to + at] = one
    seen |= one
  }
  return seen
}

/** The few bytes beside the words. */
function areAscii(source: Uint8Array, start: number, end: number, key: number): boolean {
  let seen = 0
  for (let at = start, shift = 24; at < end; at++, shift -= 8) seen |= byteAt(source, at) ^ (key >>> shift)
  return (seen & 0x80) === 0
}

/** The memory that was looked at last, in words: the fast wires read into the same again and again. */
let memory: ArrayBufferLike = new ArrayBuffer(0)
let memoryWords: Int32Array = new Int32Array(memory)

function wordsOf({ buffer }: Uint8Array): Int32Array {
  if (buffer === memory) return memoryWords
  memory = buffer
  memoryWords = new Int32Array(buffer, 0, buffer.byteLength >>> 2)
  return memoryWords
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** The key as the processor reads a word of payload. */
const inOrder = (key: number): number => (isLittleEndian ? swap(key) : key)

/** The key as it applies from this place in the payload on. */
function turn(key: number, phase: number): number {
  const bits = (phase & 3) * 8
  return bits === 0 ? key | 0 : (key << bits) | (key >>> (32 - bits))
}

/** The number whose bytes are these in the other order: most processors read words that way, and twice as fast. */
function swap(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}

/** Unmasks `length` bytes, a multiple of 8; returns the OR of the words written. */
function unmaskWords(target: Uint8Array, source: Uint8Array, start: number, length: number, key: number): number {
  const from = new DataView(source.buffer, source.byteOffset + start, length)
  const to = new DataView(target.buffer, target.byteOffset, length)
  const swapped = swap(key)
  let seen = 0
  for (let at = 0; at < length; at += 8) {
    const one = from.getInt32(at, true) ^ swapped
    const two = from.getInt32(at + 4, true) ^ swapped
    to.setInt32(at, one, true)
    to.setInt32(at + 4, two, true)
    seen |= one | two
  }
  return seen
}

/** Unmasks what words do not; returns the OR of the bytes written. */
function unmaskBytes(
  target: Uint8Array,
  to: number,
  source: Uint8Array,
  start: number,
  end: number,
  key: number,
): number {
  let seen = 0
  let at = start
  let out = to
  for (; at + 3 < end; at += 4, out += 4) {
    const a = byteAt(source, at) ^ (key >>> 24)
    const b = byteAt(source, at + 1) ^ ((key >>> 16) & 0xff)
    const c = byteAt(source, at + 2) ^ ((key >>> 8) & 0xff)
    const d = byteAt(source, at + 3) ^ (key & 0xff)
    target[out] = a
    target[out + 1] = b
    target[out + 2] = c
    target[out + 3] = d
    seen |= a | b | c | d
  }
  for (let shift = 24; at < end; at++, out++, shift -= 8) {
    const plain = byteAt(source, at) ^ ((key >>> shift) & 0xff)
    target[out] = plain
    seen |= plain
  }
  return seen
}
