import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isMaskedAscii, unmask, unmaskAlike } from '../../src/frames/mask.ts'

const lengths = fc.oneof(fc.nat(40), fc.integer({ min: 180, max: 260 }), fc.constant(5000))
const any32 = fc.oneof(fc.integer(), fc.nat(0xffffffff))

test('the masked "Hello" of RFC 6455 section 5.7', () => {
  const target = Buffer.alloc(5)
  const ascii = unmask(target, Buffer.from([0x7f, 0x9f, 0x4d, 0x51, 0x58]), 0, 5, 0x37fa213d, 0)
  assert.equal(target.toString(), 'Hello')
  assert.equal(ascii, true)
})

test('one byte that is not ASCII is seen wherever it is', () => {
  for (const length of [1, 2, 3, 4, 7, 191, 192, 193, 200, 203]) {
    for (let at = 0; at < length; at++) {
      const source = Buffer.alloc(length, 'a')
      source[at] = 0x80
      assert.equal(unmask(Buffer.alloc(length), source, 0, length, 0, 0), false, `byte ${at} of ${length}`)
    }
    assert.equal(unmask(Buffer.alloc(length), Buffer.alloc(length, 0x7f), 0, length, 0, 0), true)
  }
})

test('one byte that is not ASCII is seen in masked payload too, wherever it is', () => {
  for (const length of [0, 1, 2, 3, 4, 5, 8, 203, 4103, 8200]) {
    for (let at = 0; at < length; at += length > 300 ? 97 : 1) {
      const source = Buffer.alloc(length, 'a')
      source[at] = 0x80
      assert.equal(isMaskedAscii(source, 0, length, 0, 0), false, `byte ${at} of ${length}`)
    }
    assert.equal(isMaskedAscii(Buffer.alloc(length, 0x7f), 0, length, 0, 0), true)
  }
})

test('property: masked payload is ASCII where it is so unmasked: every alignment, phase and key', () => {
  const bits = fc.constantFrom(0x7f, 0xff)
  fc.assert(
    fc.property(
      lengths,
      fc.nat(9),
      any32,
      fc.nat(2 ** 53 - 1),
      bits,
      fc.nat(3),
      (length, from, key, phase, mask, more) => {
        const plain = Buffer.alloc(length).map((_, i) => (i * 7) & mask)
        const memory = new Uint8Array(length + from + more + 8)
        // Neither the view nor what is looked at of it begins at a word.
        const source = memory.subarray(more)
        unmask(source.subarray(from), plain, 0, length, key, phase)
        const isAscii = plain.every((byte) => byte < 0x80)
        assert.equal(isMaskedAscii(source, from, from + length, key, phase), isAscii)
      },
    ),
    { numRuns: 500 },
  )
})

test('property: every alignment, phase and key gives what one byte after the other gives', () => {
  fc.assert(
    fc.property(
      lengths,
      fc.nat(9),
      fc.nat(9),
      any32,
      fc.nat(2 ** 53 - 1),
      fc.boolean(),
      (length, from, to, key, phase, high) => {
        const source = Buffer.alloc(length + from + 3).map((_, i) => (i * 7) & (high ? 0xff : 0x7f))
        const room = Buffer.alloc(length + to + 3, 0xaa)
        const keyBytes = Buffer.alloc(4)
        keyBytes.writeInt32BE(key | 0)
        const plain = source
          .subarray(from, from + length)
          .map((byte, i) => byte ^ (keyBytes[((phase % 4) + i) % 4] ?? 0))

        const ascii = unmask(room.subarray(to), source, from, from + length, key, phase)

        assert.deepEqual(room.subarray(to, to + length), Buffer.from(plain))
        assert.equal(
          ascii,
          plain.every((byte) => byte < 0x80),
        )
        assert.ok(
          [...room.subarray(0, to), ...room.subarray(to + length)].every((byte) => byte === 0xaa),
          'and nothing else',
        )
      },
    ),
    { numRuns: 500 },
  )
})

test('property: word for word it comes to the same', () => {
  const bits = fc.constantFrom(0x7f, 0xff)
  fc.assert(
    fc.property(
      lengths,
      fc.nat(9),
      any32,
      fc.nat(2 ** 53 - 1),
      bits,
      fc.nat(3),
      (length, from, key, phase, mask, more) => {
        const memory = new Uint8Array(length + from + more + 8).map((_, i) => (i * 7) & mask)
        const source = memory.subarray(more)
        const expected = Buffer.alloc(length)
        const isAscii = unmask(expected, source, from, from + length, key, phase)
        const words = new Int32Array(length / 4 + 8)
        const bytes = new Uint8Array(words.buffer).fill(0xaa)
        const at = 4 + ((more + from) & 3)
        assert.equal(unmaskAlike({ bytes, words, at }, source, from, from + length, key, phase), isAscii)
        assert.deepEqual(Buffer.from(bytes.subarray(at, at + length)), expected)
        assert.ok([...bytes.subarray(0, at), ...bytes.subarray(at + length)].every((byte) => byte === 0xaa))
      },
    ),
    { numRuns: 500 },
  )
})
