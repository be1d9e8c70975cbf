/** The frames of a message as they came, until it is whole. What it takes of the memory for that it gives back. */
import { unmask } from '../frames/mask.ts'
import type { MessageMemory } from './message-memory.ts'

const NOTHING = new Uint8Array(0)
const SMALLEST = 512

/** Of each frame with a payload: where that begins and ends among the bytes, and its masking key. */
const NUMBERS = 3
const BYTES_PER_FRAME = NUMBERS * 8

export class KeptMessage {
  readonly #memory: MessageMemory
  #bytes = NOTHING
  #length = 0
  #frames: number[] = []
  /** What was taken of the memory. */
  #taken = 0
  #key = 0
  #isNewFrame = false
  /** Bytes that it is not to have room for before it has them. */
  #most = 0

  constructor(memory: MessageMemory) {
    this.#memory = memory
  }

  /** Bytes that are kept. */
  get length(): number {
    return this.#length
  }

  /**
   * A frame begins.
   * @param header its header, in one or two pieces
   * @param most bytes of a message: room is made for no more, but for headers
   * @returns false where the memory is full
   */
  begin(header: readonly Uint8Array[], key: number, most: number): boolean {
    this.#key = key
    this.#most = most
    this.#isNewFrame = true
    return header.every((piece) => this.#add(piece))
  }

  /** More payload of that frame; false where the memory is full. */
  add(payload: Uint8Array): boolean {
    const start = this.#length
    if (!this.#add(payload)) return false
    if (!this.#isNewFrame) this.#frames[this.#frames.length - 2] = this.#length
    else if (!this.#take(BYTES_PER_FRAME)) return false
    else this.#frames.push(start, this.#length, this.#key)
    this.#isNewFrame = false
    return true
  }

  /** The payload, unmasked, in a place for so many bytes, and whether it is ASCII. */
  unmasked(place: (length: number) => Uint8Array): { readonly payload: Uint8Array; readonly isAscii: boolean } {
    const payload = place(this.#each((start, end) => end - start).reduce((sum, length) => sum + length, 0))
    let isAscii = true
    let at = 0
    this.#each((start, end, key) => {
      isAscii = unmask(payload.subarray(at, at + end - start), this.#bytes, start, end, key, 0) && isAscii
      at += end - start
    })
    return { payload, isAscii }
  }

  /** All of it, as it came; it is not kept any more. */
  take(): Uint8Array {
    const whole = this.#bytes.subarray(0, this.#length)
    this.clear()
    return whole
  }

  clear(): void {
    this.#memory.give(this.#taken)
    this.#taken = 0
    this.#bytes = NOTHING
    this.#length = 0
    this.#frames = []
  }

  #each<T>(act: (start: number, end: number, key: number) => T): T[] {
    const frames = this.#frames
    return Array.from({ length: frames.length / NUMBERS }, (_, index) => {
      const [start = 0, end = 0, key = 0] = frames.slice(index * NUMBERS, (index + 1) * NUMBERS)
      return act(start, end, key)
    })
  }

  /** Grows as bytes come, not as headers promise them: a promise costs its sender nothing. */
  #add(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length
    if (length > this.#bytes.length && !this.#grow(length)) return false
    this.#bytes.set(bytes, this.#length)
    this.#length = length
    return true
  }

  #grow(length: number): boolean {
    const had = this.#bytes.length
    const size = Math.max(SMALLEST, length, had < this.#most ? Math.min(had * 2, this.#most) : Math.ceil(had * 1.25))
    if (!this.#take(size - this.#bytes.length)) return false
    const grown = new Uint8Array(size)
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
    return true
  }

  #take(bytes: number): boolean {
    if (!this.#memory.take(bytes)) return false
    this.#taken += bytes
    return true
  }
}
