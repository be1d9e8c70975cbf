/** A direction whose messages are read: what goes out, whatever way it came in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { allowedRsv } from '../../src/frames/extensions.ts'
import type { Peer } from '../../src/frames/frame.ts'
import type { MessageStep } from '../../src/policy/check.ts'
import type { Finding } from '../../src/policy/finding.ts'
import { MessageInspector } from '../../src/policy/inspect-message.ts'
import { pass, refuse } from '../../src/policy/verdict.ts'
import { Direction } from '../../src/proxy/direction.ts'
import { MessageMemory } from '../../src/proxy/message-memory.ts'
import { Reading, type ReadingOptions } from '../../src/proxy/reading.ts'
import { connection } from '../support/connection.ts'
import { bare, closing, framesIn, masked, maskedHead } from '../support/wire-frames.ts'

const CLOSE = Buffer.from(masked(8, closing(1007)), 'latin1')

interface Given extends Partial<Pick<ReadingOptions, 'payloads' | 'began'>> {
  readonly sender?: Peer
  readonly action?: MessageStep['exceeding']['action']
  readonly mode?: MessageStep['mode']
  readonly maxBytes?: number
  readonly memory?: MessageMemory
  readonly extensions?: string
}

/** Refuses messages that hold an X; of them `redact` leaves what is not one. */
const step = ({ action = 'drop', mode = 'enforce', maxBytes = 1 << 20 }: Given): MessageStep => ({
  check: 'test',
  mode,
  id: 'test',
  maxBytes,
  exceeding: { action, maxDelay: 0, ...(action === 'error' ? { notice: 'no' } : {}) },
  begin: () => (message) => {
    const text = Buffer.from(message.payload).toString('latin1')
    if (!text.includes('X')) return pass
    return { ...refuse('message_invalid', 'an X'), instead: Buffer.from(text.replaceAll('X', ''), 'latin1') }
  },
})

function made(given: Given = {}) {
  const { sender = 'client', memory = new MessageMemory(1 << 24), payloads = 'alone', began = 'first' } = given
  const out: string[] = []
  const findings: Finding[] = []
  const state = { messages: 0 }
  const wire = { queued: () => 0, destroy: () => {}, pause: () => {}, resume: () => {}, end: () => {} }
  const sent = (bytes: Uint8Array) => {
    out.push(Buffer.from(bytes).toString('latin1'))
    return true
  }
  const direction: Direction = new Direction(
    {
      sender,
      rsv: allowedRsv(given.extensions),
      check: 'nothing',
      now: () => 7,
      later: () => ({ cancel: () => {} }),
      from: { ...wire, write: () => true },
      to: { ...wire, write: sent },
    },
    {
      judge: () => undefined,
      message: () => state.messages++,
      forwarded: () => {},
      stalled: () => {},
      refused: () => direction.close(CLOSE),
      violated: () => 'stop',
      closed: () => {},
      answered: () => {},
    },
  )
  const found = (finding: Finding) => void findings.push(finding)
  const inspector = new MessageInspector(
    connection(),
    [step(given)],
    { found, taken: () => {} },
    payloads === 'alone' ? 'every' : 'uncompressed',
  )
  const reading = new Reading({ sender, inspector, memory, payloads, began })
  direction.intake.reading = reading
  const receive = (text: string) => direction.receive(Buffer.from(text, 'latin1'))
  return { direction, reading, receive, sent: () => out.join(''), findings, state, memory }
}

interface Sent {
  readonly fragments: readonly string[]
  readonly opcode: number
  /** A ping stands before every fragment but the first. */
  readonly hasPings: boolean
}

const fragment = fc.oneof(
  { arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', 'X'), maxLength: 6 }), weight: 8 },
  { arbitrary: fc.constantFrom('y'.repeat(126), 'z'.repeat(70_000)), weight: 1 },
)
const sentMessage = fc.record({
  fragments: fc.array(fragment, { minLength: 1, maxLength: 4 }),
  opcode: fc.constantFrom(1, 2),
  hasPings: fc.boolean(),
})

function bytesOf({ fragments, opcode, hasPings }: Sent, encode: typeof masked): string {
  return fragments
    .map((text, index) => {
      const fin = index === fragments.length - 1
      return (index > 0 && hasPings ? encode(9, `p${index}`) : '') + encode(index === 0 ? opcode : 0, text, { fin })
    })
    .join('')
}

const isGood = ({ fragments }: Sent) => !fragments.join('').includes('X')

/** A text in pieces at these places. */
function pieces(text: string, cuts: readonly number[]): string[] {
  const at = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((start, index) => text.slice(start, at[index] ?? text.length))
}

const isControl = (one: { opcode: number }) => one.opcode >= 8

test('good messages go out byte for byte, bad ones do not, control frames all do, however it is split', () => {
  fc.assert(
    fc.property(
      fc.array(sentMessage, { maxLength: 8 }),
      fc.array(fc.nat(300_000), { maxLength: 40 }),
      fc.constantFrom<Peer>('client', 'upstream'),
      (messages, cuts, sender) => {
        const encode = sender === 'client' ? masked : bare
        const { receive, sent, findings, state, memory } = made({ sender })
        for (const piece of pieces(messages.map((one) => bytesOf(one, encode)).join(''), cuts)) receive(piece)
        const withoutPings = (all: readonly Sent[]) =>
          all.map((one) => bytesOf({ ...one, hasPings: false }, encode)).join('')
        const found = framesIn(sent())
        const data = found.filter((one) => !isControl(one))
        assert.deepEqual(data, framesIn(withoutPings(messages.filter(isGood))))
        assert.deepEqual(
          found.filter(isControl),
          framesIn(messages.map((one) => bytesOf(one, encode)).join('')).filter(isControl),
        )
        assert.equal(findings.length, messages.filter((one) => !isGood(one)).length)
        assert.equal(state.messages, messages.filter(isGood).length)
        assert.equal(memory.held, 0)
      },
    ),
    { numRuns: 300 },
  )
})

test('in a dry run everything goes out, at once, and what would be refused is reported', () => {
  fc.assert(
    fc.property(
      fc.array(sentMessage, { maxLength: 6 }),
      fc.array(fc.nat(300_000), { maxLength: 20 }),
      (messages, cuts) => {
        const { receive, sent, findings, memory } = made({ mode: 'dry-run' })
        const bytes = messages.map((one) => bytesOf(one, masked)).join('')
        for (const piece of pieces(bytes, cuts)) receive(piece)
        assert.ok(sent() === bytes)
        assert.equal(findings.length, messages.filter((one) => !isGood(one)).length)
        assert.ok(findings.every(({ counted }) => !counted))
        assert.equal(memory.held, 0)
      },
    ),
    { numRuns: 200 },
  )
})

const PARTS = masked(1, 'ab', { fin: false }) + masked(9, 'ping') + masked(0, 'cd', { fin: false }) + masked(0, 'e')

test('of a message in fragments nothing goes out before it is whole; control frames do at once', () => {
  const { receive, sent } = made()
  for (const byte of PARTS.slice(0, -1)) receive(byte)
  assert.equal(sent(), masked(9, 'ping'))
  receive(PARTS.slice(-1))
  assert.equal(sent(), masked(9, 'ping') + PARTS.replace(masked(9, 'ping'), ''))
})

test('what is refused closes where nothing of it is out', () => {
  const bad = masked(1, 'a', { fin: false }) + masked(0, 'X')
  for (let split = 0; split <= bad.length; split++) {
    const { receive, sent, direction } = made({ action: 'close' })
    receive(masked(1, 'good') + bad.slice(0, split))
    receive(bad.slice(split) + masked(1, 'after'))
    assert.equal(sent(), masked(1, 'good') + CLOSE.toString('latin1'), String(split))
    assert.ok(direction.out.isSealed)
  }
})

test('something else goes in the place of what is redacted, as one frame', () => {
  const bytes =
    bare(1, 'one') + bare(2, 'aX', { fin: false }) + bare(9) + bare(0, 'bX') + bare(1, 'XX') + bare(1, 'two')
  for (let split = 0; split <= bytes.length; split++) {
    const { receive, sent, state } = made({ sender: 'upstream', action: 'redact' })
    receive(bytes.slice(0, split))
    receive(bytes.slice(split))
    assert.equal(sent(), bare(1, 'one') + bare(9) + bare(2, 'ab') + bare(1, '') + bare(1, 'two'), String(split))
    assert.equal(state.messages, 4)
  }
})

test('a message that is too long ends it at the header that says so', () => {
  for (const [sender, reason] of [
    ['client', 'message_too_big'],
    ['upstream', 'outbound_denied'],
  ] as const) {
    const encode = sender === 'client' ? masked : bare
    const { receive, sent, findings, memory } = made({ sender, maxBytes: 10, action: 'close' })
    receive(encode(1, '12345678', { fin: false }))
    receive(encode(0, '345'))
    assert.deepEqual(
      findings.map((finding) => finding.reason),
      [reason],
    )
    assert.equal(sent(), CLOSE.toString('latin1'))
    assert.equal(memory.held, 0)
  }
})

test('in a dry run one that is too long passes as it comes', () => {
  const { receive, sent, findings } = made({ maxBytes: 10, mode: 'dry-run' })
  const bytes =
    masked(1, '12345678', { fin: false }) + masked(0, '345X', { fin: false }) + masked(0, 'X') + masked(1, 'X')
  for (const byte of bytes) receive(byte)
  assert.equal(sent(), bytes)
  assert.deepEqual(
    findings.map(({ reason }) => reason),
    ['message_too_big', 'message_invalid'],
  )
})

test('endless fragments without a byte end it too', () => {
  const { receive, findings } = made({ action: 'close' })
  receive(masked(1, 'a', { fin: false }))
  for (let count = 0; count < 400 && findings.length === 0; count++) receive(masked(0, '', { fin: false }).repeat(1000))
  assert.equal(findings[0]?.reason, 'message_too_big')
})

test('when the memory of all is full, who needs more is ended, and gives back what it had', () => {
  const memory = new MessageMemory(4096)
  const first = made({ memory })
  const second = made({ memory })
  first.receive(masked(1, 'a'.repeat(1500), { fin: false }))
  const held = memory.held
  second.receive(masked(1, 'a'.repeat(3000), { fin: false }))
  assert.equal(second.findings[0]?.reason, 'overloaded')
  assert.equal(second.sent(), CLOSE.toString('latin1'))
  assert.equal(memory.held, held)
  first.receive(masked(0, 'b'))
  assert.equal(first.state.messages, 1)
  assert.equal(memory.held, 0)
})

test('a promise of many bytes takes no memory', () => {
  const { receive, memory } = made()
  receive(`${maskedHead(2, 1_000_000)}abc`)
  assert.ok(memory.held > 0 && memory.held < 2048)
})

test('a byte at a time costs no more memory than all at once', () => {
  const { receive, memory } = made()
  receive(maskedHead(2, 100_000))
  for (let count = 0; count < 50_000; count++) receive('a')
  assert.ok(memory.held < 150_000)
})

test('a message takes no more memory than the longest may have, and its headers', () => {
  const { receive, memory, state } = made({ maxBytes: 100_000 })
  receive(masked(2, '', { fin: false }))
  for (let count = 0; count < 999; count++) receive(masked(0, 'a'.repeat(100), { fin: false }))
  assert.ok(memory.held < 999 * (100 + 6 + 24) * 1.3)
  receive(`${masked(0, '')}${maskedHead(2, 100_000)}`)
  assert.equal(state.messages, 1)
  receive('a'.repeat(99_999))
  assert.ok(memory.held > 100_000 && memory.held < 101_000, String(memory.held))
  receive('a')
  assert.equal(state.messages, 2)
})

const compress = (text: string) => deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
const deflated = (text: string) => masked(1, compress(text), { rsv: 0x40 })

test('compressed messages are judged by what they say, and go out as they came', () => {
  const given = { extensions: 'permessage-deflate; client_no_context_takeover' }
  const bytes = deflated('good') + deflated('an X') + masked(1, 'plain') + masked(1, 'X') + deflated('fine')
  for (let split = 0; split <= bytes.length; split += 3) {
    const { receive, sent, findings } = made(given)
    receive(bytes.slice(0, split))
    receive(bytes.slice(split))
    assert.equal(sent(), deflated('good') + masked(1, 'plain') + deflated('fine'), String(split))
    assert.equal(findings.length, 2)
  }
})

test('what the next compressed message refers to cannot vanish: it closes', () => {
  const { receive, sent, findings } = made({ extensions: 'permessage-deflate', payloads: 'takeover' })
  receive(deflated('good') + masked(1, 'X') + deflated('X'))
  assert.deepEqual(
    findings.map(({ action }) => action),
    ['drop', 'close'],
  )
  assert.equal(sent(), deflated('good') + CLOSE.toString('latin1'))
})

test('compressed beyond the bound, or broken', () => {
  const given = { extensions: 'permessage-deflate', maxBytes: 1000, action: 'close' } as const
  for (const [bytes, reason] of [
    [deflated('a'.repeat(1001)), 'message_too_big'],
    [masked(1, compress('abcdef').subarray(0, 4), { rsv: 0x40 }), 'message_invalid'],
  ] as const) {
    const { receive, findings, sent } = made(given)
    receive(bytes)
    assert.deepEqual(
      findings.map((finding) => finding.reason),
      [reason],
    )
    assert.equal(sent(), CLOSE.toString('latin1'))
  }
})

test('a policy that comes later cannot read what refers to messages before it: enforced it ends them', () => {
  const late = { extensions: 'permessage-deflate', payloads: 'takeover', began: 'later' } as const
  const enforced = made(late)
  enforced.receive(masked(1, 'plain') + deflated('good'))
  assert.equal(enforced.findings[0]?.reason, 'shutting_down')
  const dry = made({ ...late, mode: 'dry-run' })
  dry.receive(deflated('X') + masked(1, 'X'))
  assert.equal(dry.sent(), deflated('X') + masked(1, 'X'))
  assert.deepEqual(
    dry.findings.map(({ reason }) => reason),
    ['message_invalid'],
  )
})

test('under an extension that we do not know nothing can be read', () => {
  const unknown = { extensions: 'x-unknown', payloads: 'unreadable' } as const
  const enforced = made(unknown)
  enforced.receive(masked(1, 'good'))
  assert.equal(enforced.findings[0]?.reason, 'internal_error')
  const dry = made({ ...unknown, mode: 'dry-run' })
  dry.receive(masked(1, 'X', { rsv: 0x20 }))
  assert.deepEqual([dry.sent(), dry.findings], [masked(1, 'X', { rsv: 0x20 }), []])
})

test('a policy that begins inside a message reads from the next one on', () => {
  const { receive, sent, direction, reading, findings } = made()
  direction.intake.reading = undefined
  receive(masked(1, 'X', { fin: false }))
  direction.intake.reading = reading
  receive(masked(0, 'X') + masked(1, 'X') + masked(1, 'good'))
  assert.equal(sent(), masked(1, 'X', { fin: false }) + masked(0, 'X') + masked(1, 'good'))
  assert.equal(findings.length, 1)
})

test('a policy that ends inside a message reads it to its end', () => {
  const { receive, sent, reading } = made()
  receive(masked(1, 'a', { fin: false }))
  reading.adopt([])
  receive(masked(0, 'X') + masked(1, 'X'))
  assert.equal(sent(), masked(1, 'X'))
})

test('a message that goes out as it comes is whole, whatever a reload makes of its policy meanwhile', () => {
  const bytes = masked(1, 'a', { fin: false }) + masked(0, 'bXc')
  for (let split = 0; split < bytes.length; split++) {
    const { receive, sent, reading } = made({ mode: 'dry-run' })
    receive(masked(1, 'first') + bytes.slice(0, split))
    reading.adopt([step({ action: 'drop' })])
    receive(bytes.slice(split) + masked(1, 'X') + masked(1, 'last'))
    // One byte says nothing of a frame: its message begins after the reload.
    const dropped = split < 6 ? '' : bytes
    assert.equal(sent(), masked(1, 'first') + dropped + masked(1, 'last'), String(split))
  }
})

test('a message that is withheld is judged as it began, whatever a reload makes of its policy meanwhile', () => {
  const { receive, sent, reading } = made({ action: 'drop' })
  receive(masked(1, 'X', { fin: false }))
  reading.adopt([step({ mode: 'dry-run' })])
  receive(masked(0, 'b') + masked(1, 'X'))
  assert.equal(sent(), masked(1, 'X'))
})

test('a direction that is sealed keeps nothing', () => {
  const { receive, direction, memory } = made()
  receive(masked(1, 'a', { fin: false }))
  assert.ok(memory.held > 0)
  direction.close(CLOSE)
  assert.equal(memory.held, 0)
})
