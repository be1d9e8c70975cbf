import { type HashKey, keyedHash } from './keyed-hash.ts'
import { NEVER } from './log.ts'

const ROWS = 4

/**
 * Until when keys are limited that a table has evicted: a Bloom filter whose bits are times. A key has one cell in each
 * of four rows, which holds the latest time of all keys that share it; a key is limited until the earliest of its four.
 * So none is let in too early, and a key that was never remembered is refused only where others share all four of its
 * cells: with `m` keys limited at once, a share of (1 - e^(-m / cells))^4. The size is fixed.
 */
export class Sketch {
  readonly #key: HashKey
  readonly #mask: number
  readonly #untils: Float64Array

  /** @param max keys of the table; a row has at least twice as many cells @param key of the hash, unknown to clients */
  constructor(max: number, key: HashKey) {
    const cells = 2 ** Math.ceil(Math.log2(2 * max))
    this.#key = key
    this.#mask = cells - 1
    this.#untils = new Float64Array(ROWS * cells).fill(NEVER)
  }

  /** Remembers a key as limited until a time. */
  remember(key: string, until: number): void {
    for (const cell of this.#cellsOf(key)) this.#untils[cell] = Math.max(until, this.#untils[cell] ?? NEVER)
  }

  /** Until when a key may be limited; a time that has passed, or -Infinity, where it is not. */
  until(key: string): number {
    return Math.min(...this.#cellsOf(key).map((cell) => this.#untils[cell] ?? NEVER))
  }

  /** Bytes of its cells. */
  get bytes(): number {
    return this.#untils.byteLength
  }

  /** One cell in each row, by double hashing. */
  #cellsOf(key: string): number[] {
    const [first, second] = keyedHash(this.#key, key)
    const cells: number[] = []
    for (let row = 0; row < ROWS; row++) {
      cells.push(row * (this.#mask + 1) + ((first + row * second) & this.#mask))
    }
    return cells
  }
}
