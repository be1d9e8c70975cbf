import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controlFrames } from '../../src/checks/control-frames.ts'
import { fragments } from '../../src/checks/fragments.ts'
import { frameSize } from '../../src/checks/frame-size.ts'
import { messageSize } from '../../src/checks/message-size.ts'
import { messages } from '../../src/checks/messages.ts'
import type { FrameCheck } from '../../src/policy/check.ts'
import type { Frame } from '../../src/policy/frame.ts'
import { conclusion, frameCheck } from '../support/check.ts'
import { frame, ping } from '../support/frame.ts'

/** The fragments of one message of the given lengths, at a time. */
function message(lengths: readonly number[], at = 0): Frame[] {
  let messageLength = 0
  return lengths.map((length, index) => {
    messageLength += length
    const isFirst = index === 0
    const opcode = isFirst ? 1 : 0
    return frame({
      opcode,
      fin: index === lengths.length - 1,
      length,
      first: isFirst,
      messageLength,
      fragments: index + 1,
      at,
    })
  })
}

const at = (...times: number[]) => times.flatMap((time) => message([5], time))

const CASES: [name: string, check: FrameCheck, frames: Frame[], expected: string[]][] = [
  ['frameSize: up to the limit', frameCheck(frameSize, 10), [frame({ length: 10 })], ['pass']],
  ['frameSize: one byte more', frameCheck(frameSize, 10), [frame({ length: 11 })], ['message_too_big']],
  [
    'frameSize: KiB',
    frameCheck(frameSize, '64KiB'),
    [frame({ length: 65_536 }), frame({ length: 65_537 })],
    ['pass', 'message_too_big'],
  ],
  ['frameSize: above 2^32', frameCheck(frameSize, '1GiB'), [frame({ length: 2 ** 40 })], ['message_too_big']],
  ['frameSize: fragments singly', frameCheck(frameSize, 10), message([10, 10, 10]), ['pass', 'pass', 'pass']],
  ['frameSize: a ping', frameCheck(frameSize, 10), [ping(0)], ['pass']],
  ['messageSize: up to the limit', frameCheck(messageSize, 10), message([10]), ['pass']],
  [
    'messageSize: over its fragments',
    frameCheck(messageSize, 10),
    message([5, 5, 1]),
    ['pass', 'pass', 'message_too_big'],
  ],
  ['messageSize: each message anew', frameCheck(messageSize, 10), [...message([6]), ...message([6])], ['pass', 'pass']],
  ['messageSize: a ping between', frameCheck(messageSize, 10), [...message([6, 4]), ping(0)], ['pass', 'pass', 'pass']],
  ['fragments: up to the limit', frameCheck(fragments, 2), message([1, 1]), ['pass', 'pass']],
  ['fragments: one more', frameCheck(fragments, 2), message([1, 1, 1]), ['pass', 'pass', 'message_too_big']],
  ['fragments: empty ones count', frameCheck(fragments, 2), message([0, 0, 0]), ['pass', 'pass', 'message_too_big']],
  [
    'fragments: a ping is none',
    frameCheck(fragments, 1),
    [...message([1]), ping(0), ping(0)],
    ['pass', 'pass', 'pass'],
  ],
  [
    'controlFrames: in a second',
    frameCheck(controlFrames, '2/s'),
    [ping(0), ping(1), ping(2), ping(1000)],
    ['pass', 'pass', 'control_rate', 'pass'],
  ],
  [
    'controlFrames: pongs and closes too',
    frameCheck(controlFrames, '2/s'),
    [frame({ opcode: 10 }), frame({ opcode: 8 }), ping(0)],
    ['pass', 'pass', 'control_rate'],
  ],
  [
    'controlFrames: messages are none',
    frameCheck(controlFrames, '1/s'),
    [ping(0), ...at(0, 0)],
    ['pass', 'pass', 'pass'],
  ],
  [
    'messages: in a second',
    frameCheck(messages, { perConnection: '2/s' }),
    at(0, 1, 2, 1000),
    ['pass', 'pass', 'message_rate', 'pass'],
  ],
  [
    'messages: several rates',
    frameCheck(messages, { perConnection: ['2/s', '3/min'] }),
    at(0, 1, 1500, 1600, 60_000),
    ['pass', 'pass', 'pass', 'message_rate', 'pass'],
  ],
  [
    'messages: a message counts at its first frame',
    frameCheck(messages, { perConnection: '1/s' }),
    [...message([1, 1, 1]), ...at(5)],
    ['pass', 'pass', 'pass', 'message_rate'],
  ],
  [
    'messages: one that never ends counts',
    frameCheck(messages, { perConnection: '1/s' }),
    [frame({ fin: false }), ...at(5)],
    ['pass', 'message_rate'],
  ],
  [
    'messages: pings are none',
    frameCheck(messages, { perConnection: '1/s' }),
    [ping(0), ping(0), ...at(0)],
    ['pass', 'pass', 'pass'],
  ],
]

for (const [name, check, frames, expected] of CASES) {
  test(name, () =>
    assert.deepEqual(
      frames.map((one) => conclusion(check(one))),
      expected,
    ),
  )
}

test('the bounds that hold where nothing is set', () => {
  assert.deepEqual([fragments.fallback, controlFrames.fallback], [16384, '100/s'])
  assert.deepEqual([frameSize.fallback, messageSize.fallback, messages.fallback], [undefined, undefined, undefined])
})

test('a passed frame allocates no verdict', () => {
  const checks = [frameCheck(frameSize, 10), frameCheck(messages, { perConnection: '9/s' }), frameCheck(fragments, 9)]
  const [first, ...others] = checks.map((check) => check(frame()))
  for (const other of others) assert.equal(other, first)
})
