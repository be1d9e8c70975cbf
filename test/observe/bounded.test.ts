import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bounded } from '../../src/observe/bounded.ts'

const TABLE: [name: string, text: string, max: number, expected: string][] = [
  ['short text is itself', 'https://a.example', 256, 'https://a.example'],
  ['long text is cut and says so', 'abcdef', 3, 'abc…'],
  ['exactly the bound is not cut', 'abc', 3, 'abc'],
  ['line ends and escapes', 'a\r\n\u001b[31m', 256, 'a\uFFFD\uFFFD\uFFFD[31m'],
  ['C1 controls, which JSON leaves alone', 'a\u009b31m', 256, 'a\uFFFD31m'],
  ['text that turns direction', 'a\u202eb', 256, 'a\uFFFDb'],
  ['half a surrogate pair', 'a\ud83d', 256, 'a\uFFFD'],
  ['a pair cut in two', '\u{1f600}', 1, '\uFFFD…'],
  ['a whole pair', '\u{1f600}', 256, '\u{1f600}'],
]

for (const [name, text, max, expected] of TABLE) {
  test(`bounded: ${name}`, () => assert.equal(bounded(text, max), expected))
}

test('bounded: never longer than the bound and its mark, never a control', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, max) => {
      const shown = bounded(text, max)
      assert.ok(shown.length <= max + 1)
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cs}]/u)
    }),
  )
})
