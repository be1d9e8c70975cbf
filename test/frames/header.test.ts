import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LONGEST_UNIT, lengthViolation, payloadLength, unitLength } from '../../src/frames/header.ts'

const units: [name: string, bytes: number[], expected: number][] = [
  ['nothing known', [], 2],
  ['one byte known', [0x81], 2],
  ['a bare frame', [0x81, 5], 2],
  ['a masked one', [0x81, 0x85], 6],
  ['16 bits', [0x81, 126], 4],
  ['16 bits, masked', [0x81, 0xfe], 8],
  ['64 bits', [0x81, 127], 10],
  ['64 bits, masked', [0x81, 0xff], 14],
  ['a close with its payload', [0x88, 125], 127],
  ['a masked close', [0x88, 0x82], 8],
  ['a close that is too long: the header alone', [0x88, 0xfe], 8],
]

for (const [name, bytes, expected] of units) {
  test(`unit: ${name}`, () => {
    assert.equal(unitLength(Buffer.from([9, 9, ...bytes]), 2, bytes.length), expected)
    assert.ok(expected <= LONGEST_UNIT)
  })
}

const lengths: [bytes: number[], expected: number][] = [
  [[0x81, 0], 0],
  [[0x81, 0x80 | 125], 125],
  [[0x81, 126, 0, 126], 126],
  [[0x81, 0xfe, 255, 255], 65_535],
  [[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0], 65_536],
  [[0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0], 2 ** 32],
  [[0x81, 127, 0, 0x1f, 255, 255, 255, 255, 255, 255], Number.MAX_SAFE_INTEGER],
]

for (const [bytes, expected] of lengths) {
  test(`length: ${expected}`, () => {
    assert.equal(payloadLength(Buffer.from(bytes), 0), expected)
    if (expected > 125) assert.equal(lengthViolation(Buffer.from(bytes), 0), undefined)
  })
}
