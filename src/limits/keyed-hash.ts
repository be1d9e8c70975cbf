/** A key of 64 bits. */
export type HashKey = readonly [number, number]

/**
 * HalfSipHash-2-4 (Aumasson and Bernstein; 64-bit result as two words) of a text's UTF-16LE bytes. Who does not know the
 * key cannot choose texts that collide, as he can with murmur or FNV whatever their seed.
 */
export function keyedHash([key0, key1]: HashKey, text: string): [number, number] {
  const state: State = { v0: key0, v1: key1 ^ 0xee, v2: 0x6c796765 ^ key0, v3: 0x74656462 ^ key1 }
  const pairs = text.length >> 1
  for (let pair = 0; pair < pairs; pair++) {
    absorb(state, text.charCodeAt(2 * pair) | (text.charCodeAt(2 * pair + 1) << 16))
  }
  const rest = text.length & 1 ? text.charCodeAt(text.length - 1) : 0
  absorb(state, ((text.length * 2) << 24) | rest)
  state.v2 ^= 0xee
  const first = squeeze(state)
  state.v1 ^= 0xdd
  return [first, squeeze(state)]
}

/** Four 32-bit words. */
interface State {
  v0: number
  v1: number
  v2: number
  v3: number
}

function absorb(state: State, word: number): void {
  state.v3 ^= word
  mix(state, 2)
  state.v0 ^= word
}

function squeeze(state: State): number {
  mix(state, 4)
  return (state.v1 ^ state.v3) >>> 0
}

function mix(state: State, rounds: number): void {
  let { v0, v1, v2, v3 } = state
  for (let round = 0; round < rounds; round++) {
    v0 = (v0 + v1) | 0
    v1 = rotated(v1, 5) ^ v0
    v0 = rotated(v0, 16)
    v2 = (v2 + v3) | 0
    v3 = rotated(v3, 8) ^ v2
    v0 = (v0 + v3) | 0
    v3 = rotated(v3, 7) ^ v0
    v2 = (v2 + v1) | 0
    v1 = rotated(v1, 13) ^ v2
    v2 = rotated(v2, 16)
  }
  state.v0 = v0
  state.v1 = v1
  state.v2 = v2
  state.v3 = v3
}

const rotated = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))
