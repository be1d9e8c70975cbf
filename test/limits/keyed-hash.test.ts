import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { keyedHash } from '../../src/limits/keyed-hash.ts'

/** The reference implementation's vectors (HalfSipHash-2-4, 64-bit) of the bytes 0, 1, 2, … under the key 0 … 7. */
const VECTORS: [bytes: number, result: string][] = [
  [0, '218d1f59b9b83cc8'],
  [2, '064f39ef7c50eb57'],
  [4, 'd5e78a175be52ea1'],
  [6, 'ce3e91358aa2bc25'],
  [8, 'edfee820bce4858c'],
  [10, '95b0469f06a6f2ee'],
  [62, 'f90b3ab572d46693'],
]

for (const [length, result] of VECTORS) {
  test(`${length} bytes`, () => {
    const text = Buffer.from(Array.from({ length }, (_, index) => index)).toString('utf16le')
    const out = Buffer.alloc(8)
    keyedHash([0x03020100, 0x07060504], text).forEach((word, index) => {
      out.writeUInt32LE(word, 4 * index)
    })
    assert.equal(out.toString('hex'), result)
  })
}

test('another key gives another result', () => {
  assert.notDeepEqual(keyedHash([1, 2], '203.0.113.7'), keyedHash([1, 3], '203.0.113.7'))
  assert.notDeepEqual(keyedHash([1, 2], '203.0.113.7'), keyedHash([2, 2], '203.0.113.7'))
})
