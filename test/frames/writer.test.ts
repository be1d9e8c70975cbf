import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader } from '../../src/frames/reader.ts'
import { closeFrame, encodeFrame } from '../../src/frames/writer.ts'
import { serialise } from './naive.ts'

const NONE = { first: 0, other: 0 }

test('every length is written to the client as the oracle writes it', () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 100_000]) {
    const payload = Buffer.alloc(length, 'payload')
    assert.ok(
      encodeFrame(2, payload, 'client').equals(serialise({ fin: true, rsv: 0, opcode: 2, payload })),
      `${length}`,
    )
  }
})

test('every length is written to the upstream masked, with the key in front', () => {
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 100_000]) {
    const payload = Buffer.alloc(length, 'payload')
    const bytes = encodeFrame(1, payload, 'upstream')
    const header = bytes.length - length
    const mask = [...bytes.subarray(header - 4, header)]
    assert.ok(bytes.equals(serialise({ fin: true, rsv: 0, opcode: 1, payload, mask })), `${length}`)
  }
})

test('no two frames share a masking key', () => {
  const keys = Array.from({ length: 100 }, () => encodeFrame(9, new Uint8Array(0), 'upstream').toString('hex', 2))
  assert.equal(new Set(keys).size, 100)
})

test('a payload is left as it was', () => {
  const payload = Buffer.from('unchanged')
  encodeFrame(1, payload, 'upstream')
  assert.equal(payload.toString(), 'unchanged')
})

const closes: [name: string, code: number | undefined, reason: string, payload: string][] = [
  ['without a code', undefined, '', ''],
  ['without a code, the reason is dropped', undefined, 'why', ''],
  ['with a code', 1000, '', '03e8'],
  ['with a reason', 4401, 'é', '1131c3a9'],
]

for (const [name, code, reason, payload] of closes) {
  test(`close frame ${name}`, () => {
    const expected = serialise({ fin: true, rsv: 0, opcode: 8, payload: Buffer.from(payload, 'hex') })
    assert.deepEqual(closeFrame(code, reason, 'client'), expected)
  })
}

for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_536, 1000.5, Number.NaN]) {
  test(`close code ${code} is not written`, () => {
    assert.throws(() => closeFrame(code, '', 'client'), RangeError)
  })
}

test('a reason is cut to 123 bytes, never inside a character', () => {
  const table: [reason: string, kept: string][] = [
    ['x'.repeat(123), 'x'.repeat(123)],
    ['x'.repeat(124), 'x'.repeat(123)],
    ['é'.repeat(62), 'é'.repeat(61)],
    [`${'x'.repeat(121)}€`, 'x'.repeat(121)],
    [`${'x'.repeat(120)}😀`, 'x'.repeat(120)],
    [`${'x'.repeat(119)}😀y`, `${'x'.repeat(119)}😀`],
  ]
  for (const [reason, kept] of table) assert.equal(closeFrame(1000, reason, 'client').toString('utf8', 4), kept)
})

test('property: our own reader accepts every close frame we write', () => {
  const code = fc.oneof(fc.constantFrom(1000, 1001, 1008, 1014), fc.integer({ min: 3000, max: 4999 }))
  const reason = fc.string({ unit: 'binary', maxLength: 200 })
  fc.assert(
    fc.property(code, reason, fc.constantFrom<'client' | 'upstream'>('client', 'upstream'), (sent, text, to) => {
      const reader = new FrameReader({ from: to === 'client' ? 'upstream' : 'client', rsv: NONE })
      const bytes = closeFrame(sent, text, to)
      assert.equal(reader.next(bytes, 0), bytes.length)
      assert.equal(reader.close?.code, sent)
      assert.ok(Buffer.from(text).toString().startsWith(reader.close.reason))
    }),
  )
})
