import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSendableCode, readClose } from '../../src/frames/close.ts'

const codes: [from: number, to: number, sendable: boolean][] = [
  [0, 999, false],
  [1000, 1003, true],
  [1004, 1006, false],
  [1007, 1014, true],
  [1015, 2999, false],
  [3000, 4999, true],
  [5000, 65_535, false],
]

for (const [from, to, sendable] of codes) {
  test(`close codes ${from} to ${to} are ${sendable ? '' : 'not '}sendable`, () => {
    for (let code = from; code <= to; code++) assert.equal(isSendableCode(code), sendable, `${code}`)
  })
}

test('what is no close code is not sendable', () => {
  for (const code of [-1, 1000.5, 3000.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.equal(isSendableCode(code), false)
})

const payloads: [name: string, payload: number[], expected: ReturnType<typeof readClose>][] = [
  ['nothing', [], { code: undefined, reason: '' }],
  ['a code', [0x03, 0xe8], { code: 1000, reason: '' }],
  ['a code and a reason', [0x0f, 0xa1, 0x6f, 0x6b], { code: 4001, reason: 'ok' }],
  ['a reason that begins with a BOM', [0x03, 0xe8, 0xef, 0xbb, 0xbf], { code: 1000, reason: '\ufeff' }],
  ['one byte', [0x03], { code: 1002, detail: 'close frame with a payload of 1 byte' }],
  ['1005', [0x03, 0xed], { code: 1002, detail: 'close code 1005 must not be sent' }],
  ['a surrogate', [0x03, 0xe8, 0xed, 0xa0, 0x80], { code: 1007, detail: 'close reason is not UTF-8' }],
  ['half a character', [0x03, 0xe8, 0xe2, 0x82], { code: 1007, detail: 'close reason is not UTF-8' }],
]

for (const [name, payload, expected] of payloads) {
  test(`close payload: ${name}`, () => assert.deepEqual(readClose(Buffer.from(payload)), expected))
}
