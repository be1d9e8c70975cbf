import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader } from '../../src/frames/reader.ts'
import { naiveRead, type RawFrame, serialise } from './naive.ts'
import { readAll, split } from './reading.ts'

const NONE = { first: 0, other: 0 }
const DEFLATE = { first: 0x40, other: 0 }
const ANY = { first: 0x70, other: 0x70 }
const KEY = [0x12, 0x34, 0x56, 0x78]
const EMPTY = new Uint8Array(0)

const client = (rsv = NONE) => new FrameReader({ from: 'client', rsv })
const upstream = (rsv = NONE) => new FrameReader({ from: 'upstream', rsv })
const raw = (opcode: number, payload: Uint8Array | string = EMPTY, more: Partial<RawFrame> = {}) =>
  serialise({ fin: true, rsv: 0, opcode, payload: Buffer.from(payload), mask: KEY, ...more })
const closing = (code: number, reason: Uint8Array | string = EMPTY) =>
  Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)])

/** A client's text header that declares a length as these bytes say, whether it may or not. */
const declaring = (short: number, ...length: number[]) => Buffer.from([0x81, 0x80 | short, ...length, ...KEY])
const start = raw(1, 'a', { fin: false })

const violations: [name: string, bytes: Buffer[], code: number, detail: RegExp, rsv?: typeof NONE][] = [
  ['an unmasked frame from a client', [raw(1, 'a', { mask: undefined })], 1002, /^unmasked frame$/],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): (typeof violations)[number] => {
    return [`opcode ${opcode}`, [raw(opcode)], 1002, new RegExp(`^reserved opcode ${opcode}$`)]
  }),
  ['a reserved opcode, whatever is negotiated', [raw(3)], 1002, /reserved opcode/, ANY],
  ['a fragmented ping', [raw(9, '', { fin: false })], 1002, /fragmented control/],
  ['a fragmented close', [raw(8, '', { fin: false })], 1002, /fragmented control/],
  ['a ping of 126 bytes', [raw(9, new Uint8Array(126))], 1002, /control frame of 126 bytes/],
  ['a close of 126 bytes', [raw(8, new Uint8Array(126))], 1002, /control frame of 126 bytes/],
  ['a pong of 65536 bytes', [raw(10, new Uint8Array(65_536))], 1002, /control frame of 65536 bytes/],
  ['RSV1 without an extension', [raw(1, 'a', { rsv: 0x40 })], 1002, /reserved bits 100/],
  ['RSV2 under permessage-deflate', [raw(1, 'a', { rsv: 0x20 })], 1002, /reserved bits 010/, DEFLATE],
  ['RSV1 and RSV3 under permessage-deflate', [raw(2, 'a', { rsv: 0x50 })], 1002, /reserved bits 101/, DEFLATE],
  ['RSV1 on a continuation', [start, raw(0, 'b', { rsv: 0x40 })], 1002, /reserved bits 100/, DEFLATE],
  ['RSV1 on a ping', [raw(9, 'a', { rsv: 0x40 })], 1002, /reserved bits 100/, DEFLATE],
  ['RSV1 on a close', [raw(8, closing(1000), { rsv: 0x40 })], 1002, /reserved bits 100/, DEFLATE],
  ['a continuation first', [raw(0, 'a')], 1002, /continuation without/],
  ['a continuation after a whole message', [raw(1, 'a'), raw(0, 'b')], 1002, /continuation without/],
  ['a continuation after the last', [start, raw(0, 'b'), raw(0, 'c')], 1002, /continuation without/],
  ['text inside a message', [start, raw(1, 'b')], 1002, /new message inside/],
  ['binary inside a message, after a ping', [start, raw(9), raw(2, 'b')], 1002, /new message inside/],
  ['125 in 16 bits', [declaring(126, 0, 125)], 1002, /length 125 not in its shortest form/],
  ['0 in 16 bits', [declaring(126, 0, 0)], 1002, /length 0 not in/],
  ['65535 in 64 bits', [declaring(127, 0, 0, 0, 0, 0, 0, 255, 255)], 1002, /length 65535 not in/],
  ['2^63', [declaring(127, 0x80, 0, 0, 0, 0, 0, 0, 0)], 1002, /high bit/],
  ['2^64-1', [declaring(127, 255, 255, 255, 255, 255, 255, 255, 255)], 1002, /high bit/],
  ['2^63-1', [declaring(127, 127, 255, 255, 255, 255, 255, 255, 255)], 1009, /frame longer/],
  ['2^53', [declaring(127, 0, 0x20, 0, 0, 0, 0, 0, 0)], 1009, /frame longer/],
  ['a close of 1 byte', [raw(8, 'a')], 1002, /payload of 1 byte/],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map((code): (typeof violations)[number] => {
    return [`close code ${code}`, [raw(8, closing(code, 'why'))], 1002, new RegExp(`close code ${code} `)]
  }),
  ['a close reason that is not UTF-8', [raw(8, closing(1000, Buffer.from([0xc3])))], 1007, /reason is not UTF-8/],
]

for (const [name, bytes, code, detail, rsv] of violations) {
  test(`violation: ${name}`, () => {
    const all = Buffer.concat(bytes)
    const good = Buffer.concat(bytes.slice(0, -1))
    for (const chunks of [split(all, []), split(all, [...all.keys()])]) {
      const reader = client(rsv)
      const { forwarded } = readAll(reader, chunks)
      assert.equal(reader.violation?.code, code)
      assert.match(reader.violation.detail, detail)
      assert.deepEqual(forwarded, good, 'what came before it is forwarded, and nothing of it')
      assert.equal(reader.close, undefined)
    }
  })
}

test('violation: a masked frame from an upstream', () => {
  const reader = upstream()
  assert.equal(reader.next(raw(1, 'a'), 0), -1)
  assert.deepEqual(reader.violation, { code: 1002, detail: 'masked frame' })
})

test('violation: a message whose frames declare more than 2^53-1 bytes together', () => {
  const most = declaring(127, 0, 0x1f, 255, 255, 255, 255, 255, 255)
  most[0] = 0x01
  const reader = client()
  assert.equal(reader.next(most, 0), most.length, 'one frame may')
  assert.equal(reader.frame.length, Number.MAX_SAFE_INTEGER)
  reader.left = 0 // as if all of it had come
  assert.equal(reader.next(raw(0, 'a'), 0), -1)
  assert.equal(reader.violation?.code, 1009)
})

test('a reader with a violation reads no more', () => {
  const reader = client()
  assert.equal(reader.next(raw(3), 0), -1)
  const first = reader.violation
  assert.equal(reader.next(raw(1, 'fine'), 0), -1)
  assert.equal(reader.violation, first)
})

test('an unknown extension may use any reserved bit on any frame', () => {
  const frames = [raw(1, 'a', { fin: false, rsv: 0x70 }), raw(9, '', { rsv: 0x10 }), raw(0, 'b', { rsv: 0x20 })]
  const { frames: read, violation } = readAll(client(ANY), [Buffer.concat(frames)])
  assert.equal(violation, undefined)
  assert.deepEqual(
    read.map(({ rsv }) => rsv),
    [0x70, 0x10, 0x20],
  )
})

test('a compressed message stays compressed over its fragments, and a ping between them does not change that', () => {
  const bytes = [raw(1, 'a', { fin: false, rsv: 0x40 }), raw(9, 'p'), raw(0, 'bc'), raw(1, 'd')]
  const { frames } = readAll(client(DEFLATE), [Buffer.concat(bytes)])
  assert.deepEqual(
    frames.map((f) => [f.opcode, f.messageOpcode, f.first, f.compressed, f.fragments, f.messageLength]),
    [
      [1, 1, true, true, 1, 1],
      [9, 0, false, false, 0, 0],
      [0, 1, false, true, 2, 3],
      [1, 1, true, false, 1, 1],
    ],
  )
})

test('a close is read whole, its code and reason told', () => {
  const table: [payload: Buffer, close: { code: number | undefined; reason: string }][] = [
    [Buffer.alloc(0), { code: undefined, reason: '' }],
    [closing(1000), { code: 1000, reason: '' }],
    [closing(4401, 'Gutes Ende: äöü'), { code: 4401, reason: 'Gutes Ende: äöü' }],
    [closing(1001, 'x'.repeat(123)), { code: 1001, reason: 'x'.repeat(123) }],
  ]
  for (const [payload, close] of table) {
    for (const [reader, mask] of [[client(), KEY] as const, [upstream(), undefined] as const]) {
      const bytes = raw(8, payload, { mask })
      const { forwarded } = readAll(reader, split(bytes, [1, 3, 7]))
      assert.deepEqual(reader.close, close)
      assert.equal(reader.left, 0)
      assert.deepEqual(forwarded, bytes)
    }
  }
})

test('not one byte of a close is forwarded before its last has come', () => {
  const bytes = raw(8, closing(1000, 'bye'))
  const reader = client()
  for (const byte of bytes.subarray(0, -1)) {
    assert.equal(reader.next(Buffer.of(byte), 0), -1)
    assert.equal(reader.held(), undefined)
    assert.equal(reader.close, undefined)
  }
  assert.equal(reader.next(bytes.subarray(-1), 0), 1)
  assert.deepEqual(reader.held(), new Uint8Array(bytes.subarray(0, -1)))
  assert.equal(reader.held(), undefined, 'held bytes are taken once')
})

test('held bytes are the caller’s: later frames do not overwrite them', () => {
  const reader = client()
  const frame = raw(1)
  const take = (at: number) => {
    reader.next(frame.subarray(0, at), 0)
    reader.next(frame.subarray(at), 0)
    return reader.held()
  }
  const first = take(3)
  take(5)
  assert.deepEqual(first, new Uint8Array(frame.subarray(0, 3)))
})

test('held bytes that nobody took do not come with the next frame', () => {
  const reader = client()
  const frame = raw(1)
  reader.next(frame.subarray(0, 3), 0)
  reader.next(frame.subarray(3), 0)
  reader.next(frame, 0)
  assert.equal(reader.held(), undefined)
})

test('an empty chunk changes nothing', () => {
  const reader = client()
  assert.equal(reader.next(EMPTY, 0), -1)
  assert.equal(reader.violation, undefined)
  assert.equal(reader.next(raw(1), 0), 6)
})

test('the phase is the place in the payload, and a frame boundary is where nothing is left', () => {
  const reader = client()
  const bytes = raw(2, 'abcdef')
  assert.equal(reader.next(bytes, 0), 6)
  assert.deepEqual([reader.left, reader.phase, reader.maskKey], [6, 0, 0x12345678])
  assert.equal(reader.payload(bytes.subarray(0, 9), 6), 9)
  assert.deepEqual([reader.left, reader.phase], [3, 3])
  assert.equal(reader.payload(Buffer.concat([bytes.subarray(9), raw(9)]), 0), 3)
  assert.deepEqual([reader.left, reader.phase], [0, 6])
})

test('a message is open until its last frame', () => {
  const reader = client()
  const states = [start, raw(9), raw(0, '', { fin: false }), raw(0), raw(9), raw(1)].map((bytes) => {
    readAll(reader, [bytes])
    return reader.insideMessage
  })
  assert.deepEqual(states, [true, true, true, false, false, false])
})

test('1,000 frames in one chunk take one step for a header and one for a payload', () => {
  const bytes = Buffer.concat(Array.from({ length: 1000 }, (_, i) => raw(2, `${i}`)))
  const { frames, steps, forwarded } = readAll(client(), split(bytes, []))
  assert.equal(frames.length, 1000)
  assert.equal(steps, 2000)
  assert.deepEqual(forwarded, bytes)
})

test('one frame over 1,000 chunks takes one step a chunk', () => {
  const bytes = raw(2, Buffer.alloc(1_000_000, 'abc'))
  const cuts = Array.from({ length: 999 }, (_, i) => (i + 1) * 1000)
  const { frames, steps, forwarded } = readAll(client(), split(bytes, cuts))
  assert.equal(frames.length, 1)
  assert.equal(steps, 1001)
  assert.ok(forwarded.equals(bytes))
})

const size = fc.oneof(
  { weight: 8, arbitrary: fc.nat(20) },
  { weight: 3, arbitrary: fc.constantFrom(0, 124, 125, 126, 127) },
  { weight: 1, arbitrary: fc.constantFrom(65_535, 65_536, 70_000) },
)
const payloads = size.map((length) => Buffer.alloc(length, 'payload'))
const keys = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 })
const control = fc.record({
  opcode: fc.constantFrom(9, 10),
  payload: fc.nat(125).map((length) => Buffer.alloc(length, 'p')),
  fin: fc.constant(true),
  rsv: fc.constant(0),
})
/** A message in any number of fragments, control frames before each of them. */
const message = fc
  .record({
    opcode: fc.constantFrom(1, 2),
    rsv: fc.constantFrom(0, 0x40),
    parts: fc.array(fc.record({ payload: payloads, before: fc.array(control, { maxLength: 2 }) }), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  .map(({ opcode, rsv, parts }): RawFrame[] =>
    parts.flatMap(({ payload, before }, i) => [
      ...before,
      { payload, opcode: i === 0 ? opcode : 0, rsv: i === 0 ? rsv : 0, fin: i === parts.length - 1 },
    ]),
  )
const ending = fc.constantFrom<RawFrame[]>(
  [],
  [{ opcode: 8, payload: EMPTY, fin: true, rsv: 0 }],
  [{ opcode: 8, payload: closing(1000, 'fertig ✓'), fin: true, rsv: 0 }],
)
const session = fc
  .tuple(
    fc.array(message, { maxLength: 5 }),
    ending,
    fc.constantFrom<'client' | 'upstream'>('client', 'upstream'),
    keys,
  )
  .map(([messages, end, from, mask]) => ({
    from,
    bytes: Buffer.concat(
      [...messages.flat(), ...end].map((frame) => serialise({ ...frame, mask: from === 'client' ? mask : undefined })),
    ),
  }))
const cuts = fc.array(fc.oneof(fc.nat(40), fc.nat(400), fc.nat(200_000)), { maxLength: 40 })

test('property: any valid traffic, cut anywhere, reads as the oracle reads it and is forwarded byte for byte', () => {
  fc.assert(
    fc.property(session, cuts, ({ from, bytes }, places) => {
      const expected = naiveRead(bytes, from, DEFLATE)
      const { forwarded, frames, violation } = readAll(new FrameReader({ from, rsv: DEFLATE }), split(bytes, places))
      assert.equal(violation, undefined)
      assert.deepEqual(frames, expected.frames)
      assert.ok(forwarded.equals(bytes))
    }),
    { numRuns: 300 },
  )
})

/** Two header bytes as a tilted die throws them, so that garbage gets beyond its first frame. */
const almost = fc
  .tuple(
    fc.constantFrom(0x81, 0x01, 0x80, 0x00, 0x89, 0x88, 0xc1, 0x82),
    fc.oneof(fc.nat(8), fc.constantFrom(125, 126, 127)),
    fc.uint8Array({ maxLength: 16 }),
  )
  .map(([byte0, short, rest]) => Buffer.from([byte0, 0x80 | short, ...rest]))
const valid = fc
  .tuple(message, keys)
  .map(([frames, mask]) => Buffer.concat(frames.map((frame) => serialise({ ...frame, mask }))))
const closes = fc.uint8Array({ maxLength: 8 }).map((payload) => raw(8, payload))
const noise = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes))
const garbage = fc.array(fc.oneof(almost, valid, closes, noise), { maxLength: 8 }).map((parts) => Buffer.concat(parts))

test('property: any garbage, cut anywhere, is judged as the oracle judges it, in linear time', () => {
  fc.assert(
    fc.property(garbage, cuts, fc.constantFrom(NONE, DEFLATE, ANY), (bytes, places, rsv) => {
      const expected = naiveRead(bytes, 'client', rsv)
      const chunks = split(bytes, places)
      const { frames, violation, forwarded, steps } = readAll(client(rsv), chunks)
      assert.equal(violation, expected.violation)
      assert.deepEqual(frames, expected.frames)
      assert.ok(forwarded.equals(bytes.subarray(0, expected.good)))
      assert.ok(steps <= bytes.length + chunks.length, `${steps} steps for ${bytes.length} bytes`)
    }),
    { numRuns: 1500 },
  )
})
