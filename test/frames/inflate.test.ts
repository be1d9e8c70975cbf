import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, createDeflateRaw, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { Inflater } from '../../src/frames/inflate.ts'

const MUCH = 1 << 24

/** Compresses messages as a sender does (RFC 7692 section 7.2.1); `alone`: each without those before it. */
async function compressed(
  messages: readonly Buffer[],
  takeover: 'takeover' | 'alone',
  windowBits: number,
): Promise<Buffer[]> {
  const deflate = createDeflateRaw({ windowBits })
  const sent: Buffer[] = []
  for (const message of messages) {
    if (takeover === 'alone') deflate.reset()
    const pieces: Buffer[] = []
    const take = (piece: Buffer) => pieces.push(piece)
    deflate.on('data', take)
    deflate.write(message)
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve))
    deflate.off('data', take)
    // Of an empty message zlib may say nothing; RFC 7692 section 7.2.3.6 does.
    sent.push(pieces.length === 0 ? Buffer.of(0) : Buffer.concat(pieces).subarray(0, -4))
  }
  deflate.close()
  return sent
}

const message = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  // Texts that repeat what came before, near and far.
  fc
    .tuple(fc.constantFrom('ab', 'hello world ', '{"type":"x"}'), fc.nat(5000))
    .map(([unit, times]) => Buffer.from(unit.repeat(times))),
)

for (const takeover of ['takeover', 'alone'] as const) {
  test(`what zlib compresses comes back, ${takeover}`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 9, max: 15 }),
        async (bytes, bits) => {
          const messages = bytes.map((one) => Buffer.from(one))
          const inflater = new Inflater(takeover)
          for (const [index, payload] of (await compressed(messages, takeover, bits)).entries()) {
            const inflated = inflater.inflate(payload, MUCH)
            assert.ok(typeof inflated !== 'string')
            assert.ok(messages[index]?.equals(inflated), String(index))
          }
        },
      ),
      { numRuns: 150 },
    )
  })
}

test('a message that refers to those before it is broken without them', async () => {
  const [first, second] = await compressed(
    [Buffer.from('something long to refer to'), Buffer.from('something long to refer to')],
    'takeover',
    15,
  )
  assert.equal(new Inflater('takeover').inflate(second ?? Buffer.alloc(0), MUCH), 'broken')
  const alone = new Inflater('alone')
  alone.inflate(first ?? Buffer.alloc(0), MUCH)
  assert.equal(alone.inflate(second ?? Buffer.alloc(0), MUCH), 'broken')
})

const flushed = (text: string | Buffer) => deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)

test('the bound holds to the byte', () => {
  for (const length of [2, 100, 16_384, 100_000]) {
    const payload = flushed(Buffer.alloc(length, 'x'))
    assert.equal(new Inflater('alone').inflate(payload, length - 1), 'too big')
    assert.equal(new Inflater('alone').inflate(payload, length).length, length)
  }
})

test('a bomb costs its bound, in memory and time', () => {
  const payload = flushed(Buffer.alloc(512 << 20))
  const before = process.memoryUsage().rss
  const begin = performance.now()
  assert.equal(new Inflater('takeover').inflate(payload, 1 << 20), 'too big')
  assert.ok(performance.now() - begin < 200)
  assert.ok(process.memoryUsage().rss - before < 64 << 20)
})

const HELLO = Buffer.from('Hello')

/** The examples of RFC 7692 section 7.2.3. */
const RFC: [name: string, hex: string, expected: Buffer][] = [
  ['one block', 'f248cdc9c90700', HELLO],
  ['no compression', '000500faff48656c6c6f00', HELLO],
  ['a block that is called the last', 'f348cdc9c9070000', HELLO],
  ['two blocks', 'f248050000 00ffffcac9c90700', HELLO],
  ['an empty message', '00', Buffer.alloc(0)],
]

for (const [name, hex, expected] of RFC) {
  test(name, () =>
    assert.deepEqual(
      Buffer.from(new Inflater('alone').inflate(Buffer.from(hex.replaceAll(' ', ''), 'hex'), 100)),
      expected,
    ),
  )
}

test('the second of two equal messages refers to the first', () => {
  const inflater = new Inflater('takeover')
  for (const hex of ['f248cdc9c90700', 'f200110000']) {
    assert.deepEqual(Buffer.from(inflater.inflate(Buffer.from(hex, 'hex'), 100)), HELLO)
  }
})

test('a message that is cut anywhere is broken: another inflater would read on into the next', () => {
  const payload = flushed(Buffer.from(`${'some text, '.repeat(40)}${Math.E}`))
  for (let length = 0; length < payload.length; length++) {
    assert.equal(new Inflater('alone').inflate(payload.subarray(0, length), MUCH), 'broken', String(length))
  }
})

test('nothing may stand behind the end of the stream', () => {
  for (const hex of ['f348cdc9c90700', 'f348cdc9c907000000', 'f348cdc9c90700f248cdc9c90700', 'f348cdc9c9070001']) {
    assert.equal(new Inflater('alone').inflate(Buffer.from(hex, 'hex'), 100), 'broken', hex)
  }
})

test('any bytes come to an end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const inflated = new Inflater('takeover').inflate(bytes, 1000)
      assert.ok(inflated === 'broken' || inflated === 'too big' || inflated.length <= 1000)
    }),
    { numRuns: 3000 },
  )
})
