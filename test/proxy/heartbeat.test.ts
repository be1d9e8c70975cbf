import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrameReader } from '../../src/frames/reader.ts'
import { Heartbeat } from '../../src/proxy/heartbeat.ts'
import { framesIn, masked } from '../support/wire-frames.ts'

/** The payload of a ping, which stands bare on the wire. */
const payloadOf = (ping: Buffer) => {
  const [frame] = framesIn(ping.toString('latin1'))
  assert.deepEqual([frame?.opcode, frame?.isMasked, frame?.payload.length], [9, false, 12])
  return frame?.payload ?? Buffer.alloc(0)
}

/** What a client sends, whole or cut at a place, and whether it is an answer. */
function answers(heartbeat: Heartbeat, frame: string, cut = 0): boolean {
  const reader = new FrameReader({ from: 'client', rsv: { first: 0, other: 0 } })
  const bytes = Buffer.from(frame, 'latin1')
  if (cut > 0) assert.equal(reader.next(bytes.subarray(0, cut), 0), -1)
  const chunk = Buffer.concat([Buffer.alloc(cut === 0 ? 3 : 0), bytes.subarray(cut)])
  const end = reader.next(chunk, cut === 0 ? 3 : 0)
  return heartbeat.isAnswer(reader, chunk, end)
}

test('a pong with the payload of a ping is its answer, once, wherever its bytes are cut', () => {
  const length = masked(10, Buffer.alloc(12)).length
  for (let cut = 0; cut < length; cut++) {
    const heartbeat = new Heartbeat()
    const pong = masked(10, payloadOf(heartbeat.ping()))
    assert.equal(answers(heartbeat, pong, cut), true, `cut at ${cut}`)
    assert.equal(answers(heartbeat, pong, cut), false, 'a second time')
  }
})

test('the answer to a ping answers those before it, and no later one', () => {
  const heartbeat = new Heartbeat()
  const [first, second, third] = [1, 2, 3].map(() => masked(10, payloadOf(heartbeat.ping()))) as [
    string,
    string,
    string,
  ]
  assert.deepEqual(
    [second, first, second, third].map((pong) => answers(heartbeat, pong)),
    [true, false, false, true],
  )
})

test('nothing else is an answer', () => {
  const heartbeat = new Heartbeat()
  const early = new Heartbeat()
  const payload = payloadOf(heartbeat.ping())
  const later = Buffer.from(payload)
  later.writeUInt32BE(2, 8)
  const never = Buffer.from(payload)
  never.writeUInt32BE(0, 8)
  const cases: [name: string, frame: string][] = [
    ['an empty pong', masked(10)],
    ['its beginning', masked(10, payload.subarray(0, 8))],
    ['more than it', masked(10, Buffer.concat([payload, payload]))],
    ['the ping of another session', masked(10, payloadOf(new Heartbeat().ping()))],
    ['a ping with its payload', masked(9, payload)],
    ['text with its payload', masked(1, payload)],
    ['one that was not sent yet', masked(10, later)],
    ['one that was never sent', masked(10, never)],
  ]
  for (const [name, frame] of cases) assert.equal(answers(heartbeat, frame), false, name)
  assert.equal(answers(early, masked(10, payload)), false, 'before any ping')
  assert.equal(answers(heartbeat, masked(10, payload)), true)
})
