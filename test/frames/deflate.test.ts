/** The reader of deflate streams against zlib: the same bytes come out of every stream, and the same streams are none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib'
import fc from 'fast-check'
import { Deflate, type Unreadable } from '../../src/frames/deflate.ts'

const MUCH = 1 << 22
const deflate = new Deflate()

/** As {@link Deflate.read} where the stream ends itself or its source ends between two blocks; all else is broken. */
function ours(source: Uint8Array, window: Uint8Array, most = MUCH): Buffer | Unreadable {
  const inflated = deflate.read(source, window, most)
  if (typeof inflated === 'string') return inflated
  return inflated.taken === source.length ? Buffer.from(inflated.bytes) : 'broken'
}

/** Empty last blocks, one of which zlib needs where a stream does not end itself. Where that is no end, it reads them as something else. */
const LASTS = [Buffer.of(0x03, 0x00), Buffer.of(0x01, 0x00, 0x00, 0xff, 0xff)]

function zlibs(source: Uint8Array, window: Uint8Array): Buffer | Unreadable {
  const [one, other] = LASTS.map((last) => zlibsBefore(last, source, window))
  if (typeof one !== 'object' || typeof other !== 'object') return typeof one === 'string' ? one : 'broken'
  return one.equals(other) ? one : 'broken'
}

function zlibsBefore(last: Buffer, source: Uint8Array, window: Uint8Array): Buffer | Unreadable {
  const dictionary = window.length > 0 ? { dictionary: window } : {}
  const options: ZlibOptions = { maxOutputLength: MUCH, info: true, ...dictionary }
  try {
    const all = Buffer.concat([source, last])
    // With `info` it returns this; its types do not say so.
    const { buffer, engine } = inflateRawSync(all, options) as unknown as {
      buffer: Buffer
      engine: { bytesWritten: number }
    }
    const rest = all.length - engine.bytesWritten
    return rest === 0 || rest === last.length ? buffer : 'broken'
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE' ? 'too big' : 'broken'
  }
}

/** Bytes of little and of much variety, near and far repetitions among them. */
const text = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc
    .array(fc.constantFrom('abc', '{"type":"say",', '0', ' ', 'äöü'), { maxLength: 200 })
    .map((all) => Buffer.from(all.join(''))),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.nat(3000))
    .map(([unit, times]) => Buffer.alloc(unit.length * times, unit)),
  fc
    .tuple(fc.integer(), fc.integer({ min: 1, max: 255 }), fc.nat(60_000))
    .map(([seed, variety, length]) =>
      Uint8Array.from({ length }, (_, at) => (Math.imul(at + seed, 2654435761) >>> 13) % variety),
    ),
)

const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
  strategy: fc.constantFrom(
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_FILTERED,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FIXED,
  ),
  finishFlush: fc.constantFrom(constants.Z_FINISH, constants.Z_SYNC_FLUSH, constants.Z_FULL_FLUSH),
})

test('what zlib makes comes out again, whatever its options', () => {
  fc.assert(
    fc.property(text, options, (bytes, how) => {
      const inflated = ours(deflateRawSync(bytes, how), new Uint8Array(0))
      assert.ok(typeof inflated !== 'string' && inflated.equals(bytes))
    }),
    { numRuns: 500 },
  )
})

test('what refers to a window comes out with it, and is broken without', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 40, maxLength: 4000 }), fc.nat(39), (window, from) => {
      const bytes = window.subarray(from)
      const source = deflateRawSync(bytes, { dictionary: window })
      assert.deepEqual(ours(source, window), Buffer.from(bytes))
      assert.deepEqual(ours(source, new Uint8Array(0)), zlibs(source, new Uint8Array(0)))
    }),
    { numRuns: 200 },
  )
})

test('of streams that were changed, cut or made up the same ones are broken, and the same bytes come out', () => {
  const change = fc.tuple(fc.nat(), fc.nat(7), fc.constantFrom('flip', 'cut', 'insert'))
  fc.assert(
    fc.property(
      text,
      options,
      fc.array(change, { maxLength: 3 }),
      fc.uint8Array({ maxLength: 300 }),
      (bytes, how, changes, window) => {
        let source: Buffer = deflateRawSync(bytes.subarray(0, 3000), how)
        for (const [place, bit, kind] of changes) {
          const at = place % (source.length + 1)
          if (kind === 'cut') source = source.subarray(0, at)
          else if (kind === 'insert')
            source = Buffer.concat([source.subarray(0, at), Buffer.of(bit), source.subarray(at)])
          else if (at < source.length) source[at] = (source[at] as number) ^ (1 << bit)
        }
        assert.deepEqual(ours(source, window), zlibs(source, window))
      },
    ),
    { numRuns: 1500 },
  )
})

test('of any bytes that begin a block with codes of its own the same ones are broken', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 120 }), (bytes) => {
      const source = Uint8Array.of(((bytes[0] as number) & 0xf9) | 0x04, ...bytes.subarray(1))
      assert.deepEqual(ours(source, new Uint8Array(0)), zlibs(source, new Uint8Array(0)))
    }),
    { numRuns: 5000 },
  )
})

test('the bound holds to the byte: for literals, matches and stored bytes', () => {
  const noise = Uint8Array.from({ length: 70_000 }, (_, at) => Math.imul(at, 2654435761) >>> 24)
  for (const source of [
    deflateRawSync(noise),
    deflateRawSync(Buffer.alloc(70_000)),
    deflateRawSync(noise, { level: 0 }),
  ]) {
    assert.equal(ours(source, new Uint8Array(0), 70_000).length, 70_000)
    assert.equal(ours(source, new Uint8Array(0), 69_999), 'too big')
    assert.equal(ours(source, new Uint8Array(0), 0), 'too big')
  }
})
