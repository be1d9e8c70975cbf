import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { refuse } from '../../src/policy/verdict.ts'
import { FirstMessageReader, type Heard } from '../../src/proxy/first-message.ts'
import { MessageMemory } from '../../src/proxy/message-memory.ts'
import { bare, closing, masked, maskedHead } from '../support/wire-frames.ts'

const MOST = 1000
const PLAIN = { first: 0, other: 0, opaque: false }

function reader(memory = new MessageMemory(1 << 20), rsv = PLAIN) {
  const firstMessage = {
    maxBytes: MOST,
    read: ({ kind, payload, isAscii }: { kind: string; payload: Uint8Array; isAscii: boolean }) => ({
      value: [kind, Buffer.from(payload).toString('utf8'), isAscii],
    }),
  }
  return { memory, first: new FirstMessageReader({ firstMessage, memory, rsv, now: () => 0 }) }
}

function hear(bytes: string, rsv = PLAIN, most = 1 << 20): unknown {
  const { first, memory } = reader(new MessageMemory(most), rsv)
  const heard = first.hear(Buffer.from(bytes, 'latin1'))
  first.release()
  assert.equal(memory.held, 0)
  return shown(heard)
}

const shown = (heard: Heard | undefined): unknown => {
  if (!heard) return undefined
  return 'ok' in heard.said ? [heard.said.reason, ...(heard.close ? [heard.close] : [])] : heard.said.value
}

const deflated = (text: string) => deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4)
const DEFLATE = { first: 0x40, other: 0, opaque: false }

const TABLE: [name: string, bytes: string, expected: unknown][] = [
  ['text', masked(1, 'é'), ['text', 'é', false]],
  ['ASCII', masked(1, 'a') + masked(1, 'b'), ['text', 'a', true]],
  ['binary', masked(2, 'a'), ['binary', 'a', true]],
  ['empty', masked(1), ['text', '', true]],
  [
    'fragments, pings between them',
    masked(1, 'a', { fin: false }) + masked(9, 'p') + masked(0, 'b'),
    ['text', 'ab', true],
  ],
  ['an empty last fragment', masked(1, 'a', { fin: false }) + masked(0), ['text', 'a', true]],
  ['a part', maskedHead(1, 5), undefined],
  ['pings and pongs alone', masked(9, 'p') + masked(10), undefined],
  ['a Close', masked(8, closing(1000, 'x')), ['token_missing', { code: 1000, reason: 'x' }]],
  ['a Close within', masked(1, 'a', { fin: false }) + masked(8), ['token_missing', { code: undefined, reason: '' }]],
  ['as long as may be', masked(1, 'a'.repeat(MOST)), ['text', 'a'.repeat(MOST), true]],
  ['longer, by its header', maskedHead(1, MOST + 1), ['message_too_big']],
  ['not masked', bare(1, 'a'), ['protocol_error']],
  ['a continuation first', masked(0, 'a'), ['protocol_error']],
  ['compressed', masked(1, deflated('a'), { rsv: 0x40 }), ['protocol_error']],
]

for (const [name, bytes, expected] of TABLE) test(name, () => assert.deepEqual(hear(bytes), expected))

test('in a dry run it may be compressed', () => {
  const message = (text: string) => masked(1, deflated(text), { rsv: 0x40 })
  assert.deepEqual(hear(message('hello'), DEFLATE), ['text', 'hello', false])
  assert.deepEqual(hear(message('a'.repeat(MOST + 1)), DEFLATE), ['message_too_big'])
  assert.deepEqual(hear(masked(1, 'nonsense', { rsv: 0x40 }), DEFLATE), ['message_invalid'])
  assert.deepEqual(hear(masked(1, 'a'), { first: 0x70, other: 0x70, opaque: true }), ['internal_error'])
})

test('no memory is left', () => assert.deepEqual(hear(masked(1, 'a'.repeat(900)), PLAIN, 800), ['overloaded']))

test('a fault of ours is what came of it', () => {
  const read = () => {
    throw new Error('oh')
  }
  const memory = new MessageMemory(1000)
  const first = new FirstMessageReader({ firstMessage: { maxBytes: 9, read }, memory, rsv: PLAIN, now: () => 0 })
  const heard = first.hear(Buffer.from(masked(1, 'a'), 'latin1'))
  assert.deepEqual(heard?.said, refuse('internal_error', 'Error: oh', undefined as never) && heard?.said)
  assert.deepEqual(shown(heard), ['internal_error'])
})

test('however it is split, the same comes of it, at the same byte', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 200 })
  const pieces = fc.array(fc.record({ text, ping: fc.boolean() }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(pieces, fc.array(fc.nat({ max: 40 }), { minLength: 1 }), (parts, cuts) => {
      const wire = parts.map(({ text, ping }, index) => {
        const fin = index === parts.length - 1
        return (ping ? masked(9, 'p') : '') + masked(index === 0 ? 1 : 0, text, { fin })
      })
      const whole = parts.map(({ text }) => text).join('')
      const isTooBig = Buffer.byteLength(whole) > MOST
      const bytes = Buffer.from(wire.join(''), 'latin1')
      const { first, memory } = reader()
      let heard: Heard | undefined
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        assert.equal(heard === undefined || isTooBig, true)
        const end = at + 1 + (cuts[turn % cuts.length] ?? 0)
        // What was read may be overwritten then.
        const chunk = Buffer.from(bytes.subarray(at, end))
        heard ??= first.hear(chunk)
        chunk.fill(0)
        at = end
      }
      first.release()
      assert.equal(memory.held, 0)
      if (isTooBig) assert.deepEqual(shown(heard), ['message_too_big'])
      else assert.deepEqual((shown(heard) as unknown[]).slice(0, 2), ['text', whole])
    }),
    { numRuns: 200 },
  )
})
