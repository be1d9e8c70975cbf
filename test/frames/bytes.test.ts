import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { byteAt, int32At, uint16At, uint64At } from '../../src/frames/bytes.ts'

test('property: numbers are read as a Buffer reads them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 11, maxLength: 11 }), fc.nat(3), (bytes, at) => {
      const oracle = Buffer.from(bytes)
      assert.equal(byteAt(bytes, at), oracle.readUInt8(at))
      assert.equal(uint16At(bytes, at), oracle.readUInt16BE(at))
      assert.equal(int32At(bytes, at), oracle.readInt32BE(at))
      assert.equal(uint64At(bytes, at), Number(oracle.readBigUInt64BE(at)))
    }),
  )
})
