/** Huffman codes as deflate has them: canonical, each given by the lengths of its symbols (RFC 1951 section 3.2.2). */

export const LONGEST_CODE = 15

/** What is looked up holds a symbol, and below it the length of its code. */
const LENGTH_BITS = 4
const LENGTH_MASK = (1 << LENGTH_BITS) - 1

export const lengthOf = (entry: number): number => entry & LENGTH_MASK
export const symbolOf = (entry: number): number => entry >>> LENGTH_BITS

/** One set of codes; made anew for each block that brings its own. */
export class Huffman {
  /** The entries of codes up to a length, found in one look by as many bits. */
  readonly #quick: Uint16Array
  readonly #quickBits: number
  /** How many codes there are of each length. */
  readonly #counts = new Uint16Array(LONGEST_CODE + 1)
  /** The symbols in the order of their codes. */
  readonly #symbols: Uint16Array
  readonly #next = new Uint16Array(LONGEST_CODE + 2)
  #longest = 0
  /** Of the bits that are looked up those that count: where all codes are short, fewer of them. */
  #mask = 0

  /**
   * @param most symbols
   * @param quickBits the length of codes that are found in one look: what is longer should be rare
   */
  constructor(most: number, quickBits: number) {
    this.#symbols = new Uint16Array(most)
    this.#quickBits = quickBits
    this.#quick = new Uint16Array(1 << quickBits)
  }

  /**
   * Takes the lengths of the symbols, `all[from..to)`, 0 for those that have no code. False where they make no set of codes:
   * there are too many, or too few; one code of one bit, or none, is enough unless it must be `whole`, as zlib judges it.
   */
  build(all: Uint8Array, from: number, to: number, must: 'whole' | undefined = undefined): boolean {
    const counts = this.#counts
    counts.fill(0)
    for (let at = from; at < to; at++) counts[all[at] as number] = (counts[all[at] as number] as number) + 1
    counts[0] = 0
    const left = this.#measure(counts)
    if (left < 0 || (left > 0 && (must === 'whole' || this.#longest > 1))) return false
    this.#sort(all, from, to)
    this.#fillQuick(left)
    return true
  }

  /** The entry of the code that these bits begin with, the first of them lowest; 0 where there is none. */
  find(bits: number): number {
    const entry = this.#quick[bits & this.#mask] as number
    return entry === 0 && this.#longest > this.#quickBits ? this.#search(bits) : entry
  }

  /** Finds where the codes of each length begin; what is left of the space of codes, less than 0 where there are too many. */
  #measure(counts: Uint16Array): number {
    const next = this.#next
    let left = 1
    this.#longest = 0
    next[1] = 0
    for (let length = 1; length <= LONGEST_CODE; length++) {
      const count = counts[length] as number
      left = left * 2 - count
      if (left < 0) return left
      next[length + 1] = (next[length] as number) + count
      if (count > 0) this.#longest = length
    }
    return left
  }

  #sort(all: Uint8Array, from: number, to: number): void {
    const next = this.#next
    for (let at = from; at < to; at++) {
      const length = all[at] as number
      if (length === 0) continue
      const place = next[length] as number
      this.#symbols[place] = at - from
      next[length] = place + 1
    }
  }

  /** @param left of the space of codes: what no code is found by must be empty */
  #fillQuick(left: number): void {
    const quick = this.#quick
    const bits = Math.min(this.#quickBits, this.#longest)
    const size = 1 << bits
    this.#mask = size - 1
    if (left > 0 || this.#longest > bits) quick.fill(0, 0, size)
    let turned = 0
    let index = 0
    for (let length = 1; length <= bits; length++) {
      for (let count = this.#counts[length] as number; count > 0; count--) {
        const entry = ((this.#symbols[index++] as number) << LENGTH_BITS) | length
        for (let at = turned; at < size; at += 1 << length) quick[at] = entry
        turned = afterTurned(turned, length)
      }
    }
  }

  /** Bit by bit, for codes that are rare. */
  #search(bits: number): number {
    let code = 0
    let first = 0
    let index = 0
    for (let length = 1; length <= this.#longest; length++) {
      code |= (bits >>> (length - 1)) & 1
      const count = this.#counts[length] as number
      if (code - first < count) return ((this.#symbols[index + code - first] as number) << LENGTH_BITS) | length
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    return 0
  }
}

/** The code after this one, both with their first bit lowest, as they are read; a longer one begins with it and a 0. */
function afterTurned(code: number, length: number): number {
  let bit = 1 << (length - 1)
  while ((code & bit) !== 0) bit >>>= 1
  return (code & (bit - 1)) | bit
}
