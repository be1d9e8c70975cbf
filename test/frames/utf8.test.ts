import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Utf8Check } from '../../src/frames/utf8.ts'
import { split } from './reading.ts'

/** The naive answer: whether the bytes are UTF-8, and whether they can become it. */
function oracle(bytes: Uint8Array): { valid: boolean; possible: boolean } {
  const decodes = (stream: { stream: boolean }) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes, stream)
      return true
    } catch {
      return false
    }
  }
  return { valid: decodes({ stream: false }), possible: decodes({ stream: true }) }
}

/** Pushes as the relay does: each frame with its own key, each chunk with its place in the frame. */
function check(frames: readonly (readonly Uint8Array[])[], key: number): boolean {
  const utf8 = new Utf8Check()
  for (const chunks of frames) {
    let phase = 0
    for (const chunk of chunks) {
      const masked = mask(chunk, key, phase)
      if (!utf8.push(Buffer.concat([Buffer.alloc(3, 0xff), masked, Buffer.of(0xff)]), 3, 3 + chunk.length, key, phase))
        return false
      phase += chunk.length
    }
  }
  return utf8.finish()
}

function mask(bytes: Uint8Array, key: number, phase: number): Buffer {
  const keyBytes = Buffer.alloc(4)
  keyBytes.writeInt32BE(key | 0)
  return Buffer.from(bytes.map((byte, i) => byte ^ (keyBytes[(phase + i) % 4] ?? 0)))
}

const impossible: [name: string, bytes: number[]][] = [
  ['a continuation first', [0x80]],
  ['C0', [0xc0]],
  ['C1', [0xc1]],
  ['F5', [0xf5]],
  ['FF', [0xff]],
  ['an overlong form of three', [0xe0, 0x9f]],
  ['an overlong form of four', [0xf0, 0x8f]],
  ['a high surrogate', [0xed, 0xa0]],
  ['a low surrogate', [0xed, 0xbf]],
  ['past 10FFFF', [0xf4, 0x90]],
  ['ASCII inside a character', [0xe2, 0x82, 0x41]],
  ['a lead inside a character', [0xe2, 0xc3]],
  ['one continuation too many', [0xc3, 0xa4, 0xa4]],
]

for (const [name, bytes] of impossible) {
  test(`fails at its last byte, whole or split: ${name}`, () => {
    const utf8 = new Utf8Check()
    for (const byte of bytes.slice(0, -1)) assert.equal(utf8.push(Buffer.of(byte), 0, 1, 0, 0), true)
    assert.equal(utf8.push(Buffer.from(bytes.slice(-1)), 0, 1, 0, 0), false)
    assert.equal(new Utf8Check().push(Buffer.from([0x41, ...bytes]), 0, bytes.length + 1, 0, 0), false)
  })
}

test('a text may not end inside a character, and a reset forgets it', () => {
  const utf8 = new Utf8Check()
  for (const part of ['é', '€', '😀'].map((character) => Buffer.from(character))) {
    for (let length = 1; length < part.length; length++) {
      assert.equal(utf8.push(part, 0, length, 0, 0), true)
      assert.equal(utf8.finish(), false)
      utf8.reset()
      assert.equal(utf8.finish(), true)
      assert.equal(utf8.push(part, 0, part.length, 0, 0), true)
      assert.equal(utf8.finish(), true)
    }
  }
})

test('two checks do not disturb each other inside a character', () => {
  const [one, two] = [new Utf8Check(), new Utf8Check()]
  const euro = Buffer.from('€')
  assert.equal(one.push(euro, 0, 2, 0, 0), true)
  assert.equal(two.push(Buffer.from('ä€x'), 0, 4, 0, 0), true)
  assert.equal(one.push(euro, 2, 3, 0, 0), true)
  assert.equal(one.finish(), true)
})

test('characters across the pieces that a large chunk is checked in', () => {
  for (let before = 16_380; before <= 16_388; before++) {
    const text = Buffer.from(`${'a'.repeat(before)}😀é€${'b'.repeat(17_000)}ü`)
    assert.equal(check([[text]], 0x01020304), true, `${before} bytes before`)
    assert.equal(check([[text.fill(0xff, before + 2, before + 3)]], 0x01020304), false, `broken after ${before} bytes`)
  }
})

const text = fc.string({ unit: 'binary', maxLength: 60 }).map((string) => Buffer.from(string))
const long = fc.string({ unit: 'grapheme', maxLength: 30 }).map((string) => Buffer.from(string.repeat(50)))
const broken = fc.tuple(text, fc.nat(60), fc.nat(255)).map(([bytes, at, byte]) => {
  if (at < bytes.length) bytes[at] = byte
  return bytes
})
const edges = fc.constantFrom(
  0x41,
  0x7f,
  0x80,
  0x8f,
  0x90,
  0x9f,
  0xa0,
  0xbf,
  0xc2,
  0xdf,
  0xe0,
  0xe1,
  0xed,
  0xef,
  0xf0,
  0xf3,
  0xf4,
)
const soup = fc.array(edges, { maxLength: 6 }).map((bytes) => Buffer.from(bytes))
const texts = fc.oneof(text, long, broken, soup)
const cuts = fc.array(fc.nat(70), { maxLength: 12 })

test('property: any bytes, in any frames and chunks, under any key, are judged as TextDecoder judges them', () => {
  fc.assert(
    fc.property(texts, cuts, cuts, fc.integer(), (bytes, frameCuts, chunkCuts, key) => {
      const frames = split(bytes, frameCuts).map((frame) => split(frame, chunkCuts))
      assert.equal(check(frames, key), oracle(bytes).valid)
    }),
    { numRuns: 2000 },
  )
})

test('property: what cannot become UTF-8 fails at once, what can does not', () => {
  fc.assert(
    fc.property(fc.oneof(soup, broken), cuts, (bytes, places) => {
      const utf8 = new Utf8Check()
      let length = 0
      for (const chunk of split(bytes, places)) {
        length += chunk.length
        const { possible } = oracle(bytes.subarray(0, length))
        assert.equal(utf8.push(chunk, 0, chunk.length, 0, 0), possible)
        if (!possible) return
      }
    }),
    { numRuns: 2000 },
  )
})
