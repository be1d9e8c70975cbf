import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flatKey } from '../../src/limits/flat-key.ts'

test('property: the same text, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      assert.equal(flatKey(text), text)
    }),
  )
})

test('halves of surrogate pairs stay what they are', () => {
  for (const key of ['', '\ud800', 'a\udfff', '\ufffd', '\u{1f600}', 'ÿ', 'Ā']) assert.equal(flatKey(key), key)
})
