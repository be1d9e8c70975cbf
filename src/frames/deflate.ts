/** Reads a deflate stream (RFC 1951) from bytes that are all there, into a place that grows up to a bound. */
import { Huffman, LONGEST_CODE, lengthOf, symbolOf } from './huffman.ts'

/** Why a stream was not read: more came out than its bound, or it is none. */
export type Unreadable = 'too big' | 'broken'

/** What came out of a stream. */
export interface Inflated {
  /** Valid until the next stream is read. */
  readonly bytes: Uint8Array
  /** How many bytes of the source it took. */
  readonly taken: number
  /** `last`: by a block that says so. `open`: the source ended between two blocks. */
  readonly ended: 'last' | 'open'
}

class Fault extends Error {
  readonly why: Unreadable
  constructor(why: Unreadable) {
    super(why)
    this.why = why
  }
}

/** The symbols from here on stand for lengths of matches (section 3.2.5). */
const END_OF_BLOCK = 256
const LITERALS = 288
const DISTANCES = 32
const LONGEST_MATCH = 258

/** Where each length and each distance begins, and how many bits follow its code; the longest match has a code of its own. */
const LENGTH = ranges(3, [8, 4, 4, 4, 4, 4], [LONGEST_MATCH])
const DISTANCE = ranges(1, [4, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2], [])

/** The order in which a block gives the lengths of the codes for lengths of codes (section 3.2.7). */
const LENGTHS_ORDER = Uint8Array.of(16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
/** How often such a code repeats a length: at least, and how many bits say how many times more. */
const REPEATS = { 16: [3, 2], 17: [3, 3], 18: [11, 7] } as const

const fixedLiterals = new Huffman(LITERALS, 9)
const fixedLengths = Uint8Array.from({ length: LITERALS + DISTANCES }, (_, at) => (at < LITERALS ? fixedLength(at) : 5))
fixedLiterals.build(fixedLengths, 0, LITERALS)
const fixedDistances = new Huffman(DISTANCES, 6)
fixedDistances.build(fixedLengths, LITERALS, LITERALS + DISTANCES)

const SMALLEST = 16 * 1024
/** What is kept between two streams; longer ones are rare. */
const MOST_KEPT = 1024 * 1024
const NOTHING = new Uint8Array(0)

export class Deflate {
  #source: Uint8Array = NOTHING
  #at = 0
  /** Bits that were read and not used, the first of them lowest. */
  #bits = 0
  #held = 0
  #window: Uint8Array = NOTHING
  #out: Uint8Array = new Uint8Array(SMALLEST)
  #length = 0
  #most = 0
  readonly #literals = new Huffman(LITERALS, 9)
  readonly #distances = new Huffman(DISTANCES, 6)
  readonly #lengthCodes = new Huffman(LENGTHS_ORDER.length, 7)
  readonly #lengths = new Uint8Array(LITERALS + DISTANCES)

  /**
   * Reads blocks until one says that it is the last, or the source ends.
   * @param window what matches may refer to beyond the beginning
   * @param most bytes that may come out
   */
  read(source: Uint8Array, window: Uint8Array, most: number): Inflated | Unreadable {
    this.#source = source
    this.#window = window
    this.#most = most
    this.#at = 0
    this.#bits = 0
    this.#held = 0
    this.#length = 0
    if (this.#out.length > MOST_KEPT) this.#out = new Uint8Array(SMALLEST)
    try {
      return this.#blocks()
    } catch (error) {
      if (error instanceof Fault) return error.why
      throw error
    } finally {
      this.#source = NOTHING
      this.#window = NOTHING
    }
  }

  #blocks(): Inflated {
    let ended: Inflated['ended'] = 'open'
    while (ended === 'open' && (this.#held > 0 || this.#at < this.#source.length)) {
      if (this.#take(1) === 1) ended = 'last'
      this.#block(this.#take(2))
    }
    return { bytes: this.#out.subarray(0, this.#length), taken: this.#at - (this.#held >>> 3), ended }
  }

  #block(type: number): void {
    if (type === 0) return this.#stored()
    if (type === 1) return this.#compressed(fixedLiterals, fixedDistances)
    if (type !== 2) throw new Fault('broken')
    this.#readCodes()
    this.#compressed(this.#literals, this.#distances)
  }

  /** As many bytes as it says, from the next whole one on (section 3.2.4). */
  #stored(): void {
    this.#take(this.#held & 7)
    const length = this.#take(16)
    if (this.#take(16) !== (length ^ 0xffff)) throw new Fault('broken')
    const from = this.#at - (this.#held >>> 3)
    if (from + length > this.#source.length) throw new Fault('broken')
    this.#makeRoom(length)
    this.#out.set(this.#source.subarray(from, from + length), this.#length)
    this.#length += length
    this.#at = from + length
    this.#bits = 0
    this.#held = 0
  }

  /** The codes of a block that brings its own (section 3.2.7). */
  #readCodes(): void {
    const lengths = this.#lengths
    const literals = this.#take(5) + 257
    const distances = this.#take(5) + 1
    const given = this.#take(4) + 4
    if (literals > 286 || distances > 30) throw new Fault('broken')
    lengths.fill(0)
    for (let at = 0; at < given; at++) lengths[LENGTHS_ORDER[at] as number] = this.#take(3)
    if (!this.#lengthCodes.build(lengths, 0, LENGTHS_ORDER.length, 'whole')) throw new Fault('broken')
    this.#readLengths(literals + distances)
    const hasEnd = lengths[END_OF_BLOCK] !== 0
    const areCodes =
      this.#literals.build(lengths, 0, literals) && this.#distances.build(lengths, literals, literals + distances)
    if (!hasEnd || !areCodes) throw new Fault('broken')
  }

  #readLengths(count: number): void {
    const lengths = this.#lengths
    for (let at = 0; at < count; ) {
      const symbol = this.#symbol(this.#lengthCodes)
      if (symbol < 16) {
        lengths[at++] = symbol
        continue
      }
      // The codes above 15 are these three.
      const [least, bits] = REPEATS[symbol as 16 | 17 | 18]
      const end = at + least + this.#take(bits)
      if (end > count || (symbol === 16 && at === 0)) throw new Fault('broken')
      lengths.fill(symbol === 16 ? (lengths[at - 1] as number) : 0, at, end)
      at = end
    }
  }

  #compressed(literals: Huffman, distances: Huffman): void {
    for (;;) {
      const symbol = this.#symbol(literals)
      if (symbol === END_OF_BLOCK) return
      if (symbol > END_OF_BLOCK) {
        this.#match(symbol - END_OF_BLOCK - 1, distances)
        continue
      }
      if (this.#length >= this.#most || this.#length >= this.#out.length) this.#makeRoom(1)
      this.#out[this.#length++] = symbol
    }
  }

  /** Repeats what came before: in what came out, or in the window (section 3.2.3). */
  #match(code: number, distances: Huffman): void {
    const length = this.#ranged(LENGTH, code)
    const distance = this.#ranged(DISTANCE, this.#symbol(distances))
    if (distance > this.#length + this.#window.length) throw new Fault('broken')
    this.#makeRoom(length)
    const out = this.#out
    let to = this.#length
    const end = to + length
    let from = to - distance
    for (const window = this.#window; from < 0 && to < end; to++, from++)
      out[to] = window[window.length + from] as number
    for (; to < end; to++, from++) out[to] = out[from] as number
    this.#length = end
  }

  #ranged({ base, extra }: Ranges, code: number): number {
    if (code >= base.length) throw new Fault('broken')
    const bits = extra[code] as number
    return (base[code] as number) + (bits === 0 ? 0 : this.#take(bits))
  }

  #symbol(codes: Huffman): number {
    // Of the last code fewer bits may be there than the longest has.
    if (this.#held < LONGEST_CODE) this.#holdCode()
    const entry = codes.find(this.#bits)
    const length = lengthOf(entry)
    if (length === 0 || length > this.#held) throw new Fault('broken')
    this.#bits >>>= length
    this.#held -= length
    return symbolOf(entry)
  }

  /** The next bits, 16 at most, as a number. */
  #take(count: number): number {
    while (this.#held < count) {
      if (this.#at >= this.#source.length) throw new Fault('broken')
      this.#hold()
    }
    const taken = this.#bits & ((1 << count) - 1)
    this.#bits >>>= count
    this.#held -= count
    return taken
  }

  /** Enough bits for any code, as far as they are there. */
  #holdCode(): void {
    const source = this.#source
    const at = this.#at
    if (at + 1 >= source.length) {
      if (at < source.length) this.#hold()
      return
    }
    this.#bits |= ((source[at] as number) | ((source[at + 1] as number) << 8)) << this.#held
    this.#held += 16
    this.#at = at + 2
  }

  #hold(): void {
    this.#bits |= (this.#source[this.#at++] as number) << this.#held
    this.#held += 8
  }

  #makeRoom(length: number): void {
    const needed = this.#length + length
    if (needed > this.#most) throw new Fault('too big')
    if (needed <= this.#out.length) return
    const grown = new Uint8Array(Math.max(needed, Math.min(this.#out.length * 2, this.#most)))
    grown.set(this.#out.subarray(0, this.#length))
    this.#out = grown
  }
}

interface Ranges {
  readonly base: Uint16Array
  readonly extra: Uint8Array
}

/**
 * Codes for ranges of numbers, which lie one behind the other.
 * @param counts how many codes are followed by no bits, by one, by two, …
 * @param single numbers behind those that have a code of their own
 */
function ranges(first: number, counts: readonly number[], single: readonly number[]): Ranges {
  const extra = counts.flatMap((count, bits) => new Array<number>(count).fill(bits))
  let next = first
  const base = extra.map((bits) => {
    const from = next
    next += 1 << bits
    return from
  })
  return { base: Uint16Array.from([...base, ...single]), extra: Uint8Array.from([...extra, ...single.map(() => 0)]) }
}

/** The lengths of the codes of a block that brings none (section 3.2.6). */
function fixedLength(symbol: number): number {
  if (symbol < 144) return 8
  if (symbol < 256) return 9
  return symbol < 280 ? 7 : 8
}
