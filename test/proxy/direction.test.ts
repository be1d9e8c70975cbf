/** One direction over wires of the test: what goes out, whatever way it came in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AllowedRsv, allowedRsv } from '../../src/frames/extensions.ts'
import type { Frame, Peer, Violation } from '../../src/frames/frame.ts'
import type { Finding } from '../../src/policy/finding.ts'
import { Direction } from '../../src/proxy/direction.ts'
import { bare, closeOf, closing, framesIn, masked } from '../support/wire-frames.ts'

interface Given {
  readonly sender?: Peer
  readonly rsv?: AllowedRsv
  readonly check?: 'text' | 'nothing'
  readonly judge?: (frame: Frame) => Finding | undefined
  readonly onViolation?: 'stop' | 'pass'
}

const FINDING: Finding = { check: 'test', reason: 'message_rate', detail: '', counted: true, action: 'close' }
const CLOSE = Buffer.from(masked(8, closing(1001)), 'latin1')

/** A direction with a record of everything it did. */
function made({
  sender = 'client',
  rsv = allowedRsv(undefined),
  check = 'text',
  judge,
  onViolation = 'stop',
}: Given = {}) {
  const out: string[] = []
  const events: string[] = []
  const from: string[] = []
  const violations: Violation[] = []
  const state = { takes: true }
  const ignored = { queued: () => 0, destroy: () => {} }
  const sent = (bytes: Uint8Array) => {
    out.push(Buffer.from(bytes).toString('latin1'))
    return state.takes
  }
  const direction: Direction = new Direction(
    {
      sender,
      rsv,
      check,
      now: () => 7,
      later: () => ({ cancel: () => {} }),
      from: {
        ...ignored,
        write: () => true,
        end: () => {},
        pause: () => from.push('pause'),
        resume: () => from.push('resume'),
      },
      to: { ...ignored, write: sent, pause: () => {}, resume: () => {}, end: () => events.push('end') },
    },
    {
      judge: (frame) => judge?.(frame),
      message: () => events.push('message'),
      forwarded: () => {},
      stalled: () => {},
      refused: () => {
        events.push('refused')
        direction.close(CLOSE)
      },
      violated: (violation) => {
        violations.push(violation)
        if (onViolation === 'stop') direction.close(CLOSE)
        return onViolation
      },
      closed: ({ code, reason }) => events.push(`closed ${code} ${reason}`),
      answered: () => events.push('answered'),
    },
  )
  const receive = (text: string) => direction.receive(Buffer.from(text, 'latin1'))
  return { direction, receive, sent: () => out.join(''), writes: out, events, from, violations, state }
}

/** A text in pieces at these places. */
function pieces(text: string, cuts: readonly number[]): string[] {
  const at = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((start, index) => text.slice(start, at[index] ?? text.length))
}

const frame = fc.record({
  payload: fc.oneof(
    { arbitrary: fc.string({ unit: 'binary', maxLength: 20 }), weight: 5 },
    { arbitrary: fc.integer({ min: 120, max: 300 }).map((length) => 'ü'.repeat(length)), weight: 1 },
    { arbitrary: fc.integer({ min: 65_530, max: 65_540 }).map((length) => 'x'.repeat(length)), weight: 1 },
  ),
  kind: fc.constantFrom('text', 'binary', 'ping', 'pong', 'fragments'),
})

/** Frames of whole messages, control frames between their fragments. */
function bytesOf(frames: readonly { payload: string; kind: string }[], encode: typeof masked): string {
  return frames
    .map(({ payload, kind }) => {
      const bytes = Buffer.from(payload)
      if (kind === 'ping' || kind === 'pong') return encode(kind === 'ping' ? 9 : 10, bytes.subarray(0, 125))
      if (kind !== 'fragments') return encode(kind === 'text' ? 1 : 2, bytes)
      const half = bytes.length >> 1
      const first = encode(1, bytes.subarray(0, half), { fin: false })
      return first + encode(9, 'between') + encode(0, '', { fin: false }) + encode(0, bytes.subarray(half))
    })
    .join('')
}

test('what comes in goes out byte for byte, however it is split', () => {
  const cuts = fc.array(fc.nat(200_000), { maxLength: 40 })
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 12 }),
      cuts,
      fc.constantFrom<Peer>('client', 'upstream'),
      (frames, at, sender) => {
        const bytes = bytesOf(frames, sender === 'client' ? masked : bare)
        const { receive, sent, violations } = made({ sender })
        for (const piece of pieces(bytes, at)) receive(piece)
        assert.deepEqual(violations, [])
        assert.ok(sent() === bytes)
      },
    ),
    { numRuns: 150 },
  )
})

test('a whole frame, however small, is one write; a thousand in a chunk are one write', () => {
  const { receive, writes, events } = made()
  receive(masked(1, 'x').repeat(1000))
  assert.equal(writes.length, 1)
  assert.equal(events.filter((event) => event === 'message').length, 1000)
})

test('a byte at a time: no header goes out before it is judged', () => {
  const judged: number[] = []
  const { receive, sent, writes } = made({ judge: (one) => void judged.push(one.length) })
  const bytes = masked(2, 'y'.repeat(200)) + masked(1, 'z')
  for (const byte of bytes) {
    receive(byte)
    assert.ok(judged.length > 0 || sent() === '')
  }
  assert.equal(sent(), bytes)
  assert.deepEqual(judged, [200, 1])
  assert.equal(Buffer.byteLength(writes[0] ?? '', 'latin1'), 7)
})

test('a refused frame does not go out, what was good before it does, and our Close follows at the boundary', () => {
  for (const split of [0, 1, 3, 9, 10, 12, 15, 40]) {
    const { receive, sent, events } = made({ judge: ({ length }) => (length === 6 ? FINDING : undefined) })
    const good = masked(1, 'one') + masked(2, 'four')
    const bytes = good + masked(1, 'refuse') + masked(1, 'after')
    receive(bytes.slice(0, split))
    receive(bytes.slice(split))
    assert.equal(sent(), good + CLOSE.toString('latin1'), String(split))
    assert.deepEqual(
      events.filter((event) => event === 'refused'),
      ['refused'],
    )
  }
})

test('a Close is put in at the end of the frame under way, never inside it (trap 11)', () => {
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 5 }), fc.nat(100_000), (frames, place) => {
      const bytes = bytesOf(frames, masked)
      const cut = place % bytes.length
      const { direction, receive, sent } = made()
      receive(bytes.slice(0, cut))
      direction.close(CLOSE)
      receive(bytes.slice(cut))
      const found = framesIn(sent())
      const last = found.at(-1)
      assert.ok(last && closeOf(last)?.code === 1001)
      assert.ok(bytes.startsWith(sent().slice(0, -CLOSE.length)))
      assert.equal(found.filter(({ opcode }) => opcode === 8).length, 1)
      assert.ok(direction.out.isSealed)
    }),
    { numRuns: 100 },
  )
})

test('where the frame under way will never be whole, only FIN is sent', () => {
  for (const order of ['left first', 'close first']) {
    const { direction, receive, sent, events } = made()
    receive(masked(1, 'unfinished').slice(0, -1))
    const before = sent()
    if (order === 'left first') direction.out.break()
    direction.close(CLOSE)
    if (order === 'close first') direction.out.break()
    assert.deepEqual([sent(), events], [before, ['message', 'end']], order)
  }
})

test('FIN waits for our Close, which waits for the frame under way', () => {
  const { direction, receive, sent, events } = made()
  const bytes = masked(2, 'streaming')
  receive(bytes.slice(0, -3))
  direction.close(CLOSE)
  direction.out.finish()
  assert.deepEqual(events, ['message'])
  receive(bytes.slice(-3))
  assert.deepEqual(events, ['message', 'end'])
  assert.equal(sent(), bytes + CLOSE.toString('latin1'))
})

test("after the sender's Close nothing it sends goes out; after ours only its answer is looked for", () => {
  const own = made()
  own.receive(masked(8, closing(3001, 'bye')) + masked(1, 'more'))
  own.receive(masked(1, 'more'))
  assert.equal(own.sent(), masked(8, closing(3001, 'bye')))
  assert.deepEqual(own.events, ['closed 3001 bye'])

  const ours = made()
  ours.direction.close(CLOSE)
  ours.receive(masked(1, 'more') + masked(8, closing(1001)) + masked(1, 'even more'))
  assert.equal(ours.sent(), CLOSE.toString('latin1'))
  assert.deepEqual(ours.events, ['answered'])
})

const BAD: [name: string, bytes: string, code: number][] = [
  ['not masked', bare(1, 'x'), 1002],
  ['reserved opcode 3', masked(3, 'x'), 1002],
  ['reserved opcode 11', masked(11, 'x'), 1002],
  ['RSV1 without compression', masked(1, 'x', { rsv: 0x40 }), 1002],
  ['RSV2', masked(2, 'x', { rsv: 0x20 }), 1002],
  ['a fragmented ping', masked(9, 'x', { fin: false }), 1002],
  ['a ping of 126 bytes', masked(9, 'x'.repeat(126)), 1002],
  ['a continuation of nothing', masked(0, 'x'), 1002],
  ['a message in a message', masked(1, 'x', { fin: false }) + masked(1, 'y'), 1002],
  ['a Close of one byte', masked(8, 'x'), 1002],
  ['a Close with code 1005', masked(8, closing(1005)), 1002],
  ['a Close with code 1006', masked(8, closing(1006)), 1002],
  ['a Close with code 999', masked(8, closing(999)), 1002],
  ['a Close whose reason is not UTF-8', masked(8, Buffer.concat([closing(1000), Buffer.from([0xff])])), 1007],
  ['a length of 2^63', '\x82\xff\x80\0\0\0\0\0\0\0abcd', 1002],
  ['a length of 2^53', '\x82\xff\0\x20\0\0\0\0\0\0abcd', 1009],
  ['a short length in 16 bits', '\x82\xfe\0\x7dabcd', 1002],
  ['text that is not UTF-8', masked(1, Buffer.from([0x61, 0xff])), 1007],
  ['text that ends inside a character', masked(1, Buffer.from([0xe2, 0x82])), 1007],
  ['a surrogate', masked(1, Buffer.from([0xed, 0xa0, 0x80])), 1007],
]

test('a breach of RFC 6455 does not go out, split or not', () => {
  const good = masked(1, 'good')
  for (const [name, bytes, code] of BAD) {
    const passes = name === 'a message in a message' ? good + bytes.slice(0, 7) : good
    for (const split of [0, good.length, good.length + 1, good.length + bytes.length - 1]) {
      const { receive, sent, violations, events } = made()
      receive((good + bytes).slice(0, split))
      receive((good + bytes).slice(split) + good)
      assert.deepEqual(
        violations.map((violation) => violation.code),
        [code],
        `${name} ${split}`,
      )
      // Text that goes bad inside a frame whose beginning is out already: no Close can follow.
      if (sent() !== passes + CLOSE.toString('latin1')) {
        assert.ok(code === 1007 && split > good.length && (good + bytes).startsWith(sent()), `${name} ${split}`)
        assert.deepEqual(events.at(-1), 'end', name)
      }
    }
  }
})

test('in a dry run a breach passes, and everything after it, unread', () => {
  const good = masked(1, 'good')
  for (const [name, bytes] of BAD) {
    for (const split of [0, good.length + 1, good.length + bytes.length - 1]) {
      const { receive, sent, violations } = made({ onViolation: 'pass' })
      const all = good + bytes + good + bytes
      receive(all.slice(0, split))
      receive(all.slice(split))
      assert.equal(sent(), all, `${name} ${split}`)
      assert.equal(violations.length, 1, name)
    }
  }
})

test('text is checked across frames and chunks; not where that is off, compressed, or binary', () => {
  const euro = Buffer.from('€')
  const halves = masked(1, euro.subarray(0, 1), { fin: false }) + masked(9, 'ping') + masked(0, euro.subarray(1))
  const broken = masked(1, euro.subarray(0, 1), { fin: false }) + masked(0, 'x')
  const bad = Buffer.from([0xff, 0xfe])
  const deflate = allowedRsv('permessage-deflate')
  const cases: [name: string, given: Given, bytes: string, violations: number][] = [
    ['a character over two frames', {}, halves, 0],
    ['broken off by the next frame', {}, broken, 1],
    ['check off', { check: 'nothing' }, broken, 0],
    ['binary', {}, masked(2, bad), 0],
    ['compressed', { rsv: deflate }, masked(1, bad, { rsv: 0x40 }), 0],
    ['not compressed, though that was negotiated', { rsv: deflate }, masked(1, bad), 1],
  ]
  for (const [name, given, bytes, expected] of cases) {
    for (let split = 0; split <= bytes.length; split++) {
      const { receive, sent, violations } = made(given)
      receive(bytes.slice(0, split))
      receive(bytes.slice(split))
      assert.equal(violations.length, expected, `${name} ${split}`)
      if (expected === 0) assert.equal(sent(), bytes, `${name} ${split}`)
    }
  }
})

test('RSV1 passes where permessage-deflate was negotiated, on first frames only', () => {
  const rsv = allowedRsv('permessage-deflate; server_no_context_takeover')
  const good = masked(1, 'x', { rsv: 0x40, fin: false }) + masked(0, 'y')
  const passing = made({ rsv })
  passing.receive(good)
  assert.deepEqual([passing.sent(), passing.violations], [good, []])
  const failing = made({ rsv })
  failing.receive(masked(1, 'x', { rsv: 0x40, fin: false }) + masked(0, 'y', { rsv: 0x40 }))
  assert.equal(failing.violations[0]?.code, 1002)
})

test("the sender is paused when the receiver's queue is full, and read again to see its answer", () => {
  const { direction, receive, from, state } = made()
  receive(masked(1, 'a'))
  assert.deepEqual(from, [])
  state.takes = false
  receive(masked(1, 'b'))
  assert.deepEqual(from, ['pause'])
  direction.close(CLOSE)
  assert.equal(from.at(-1), 'resume')
})

test('one huge frame in a million pieces is linear', () => {
  const length = 8 << 20
  const { receive, direction, events } = made({ check: 'nothing' })
  const header = masked(2, Buffer.alloc(0))
  assert.ok(header.length === 6)
  receive(`\x82\xff${'\0'.repeat(4)}\0\x80\0\0abcd`)
  const piece = Buffer.alloc(64)
  const started = process.cpuUsage().user
  for (let at = 0; at < length; at += piece.length) direction.receive(piece)
  assert.ok(process.cpuUsage().user - started < 2_000_000)
  direction.close(CLOSE)
  assert.ok(direction.out.isSealed)
  assert.deepEqual(events, ['message'])
})
