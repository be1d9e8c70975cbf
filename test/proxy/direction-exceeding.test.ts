/** One direction where frames are dropped or delayed: what goes out, whatever way it came in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allowedRsv } from '../../src/frames/extensions.ts'
import type { Frame } from '../../src/frames/frame.ts'
import type { Finding } from '../../src/policy/finding.ts'
import { Direction } from '../../src/proxy/direction.ts'
import { closing, framesIn, masked, maskedHead } from '../support/wire-frames.ts'

const finding = (action: Finding['action'], retryAt = 0): Finding => ({
  check: 'test',
  reason: 'message_rate',
  detail: '',
  counted: true,
  action,
  retryAt,
})
const DROP = finding('drop')
const CLOSE = Buffer.from(masked(8, closing(1008)), 'latin1')

interface Given {
  readonly judge: (frame: Frame) => Finding | undefined
  readonly check?: 'text' | 'nothing'
}

/** A direction on a clock of the test's; its wires say whether they are read. */
function made({ judge, check = 'nothing' }: Given) {
  const out: string[] = []
  const events: string[] = []
  const state = { now: 0, isPaused: false, isFull: false, forwarded: 0, messages: 0 }
  const waiting: { time: number; run: () => void }[] = []
  const wire = { queued: () => 0, destroy: () => {}, end: () => void events.push('end') }
  const direction: Direction = new Direction(
    {
      sender: 'client',
      rsv: allowedRsv(undefined),
      check,
      now: () => state.now,
      later: (time, run) => {
        const entry = { time, run }
        waiting.push(entry)
        return { cancel: () => void waiting.splice(waiting.indexOf(entry), waiting.includes(entry) ? 1 : 0) }
      },
      from: {
        ...wire,
        write: () => true,
        pause: () => {
          state.isPaused = true
        },
        resume: () => {
          state.isPaused = false
        },
      },
      to: {
        ...wire,
        write: (bytes) => {
          out.push(Buffer.from(bytes).toString('latin1'))
          return !state.isFull
        },
        pause: () => {},
        resume: () => {},
      },
    },
    {
      judge: (frame) => judge({ ...frame }),
      message: () => state.messages++,
      forwarded: (bytes) => {
        state.forwarded += bytes
      },
      stalled: () => {},
      refused: () => {
        events.push('refused')
        direction.close(CLOSE)
      },
      violated: ({ code }) => {
        events.push(`violated ${code}`)
        direction.close(CLOSE)
        return 'stop'
      },
      closed: ({ code }) => events.push(`closed ${code}`),
      answered: () => events.push('answered'),
    },
  )
  return {
    direction,
    events,
    state,
    waiting,
    /** The chunk is overwritten when the call is over, as a shared buffer is. */
    receive: (text: string) => {
      const chunk = Buffer.from(text, 'latin1')
      direction.receive(chunk)
      chunk.fill(0xee)
    },
    sent: () => out.join(''),
    /** Moves the clock and runs what is due. */
    advance: (ms: number) => {
      state.now += ms
      for (const due of waiting.filter(({ time }) => time <= state.now)) {
        waiting.splice(waiting.indexOf(due), 1)
        due.run()
      }
    },
  }
}

type Made = ReturnType<typeof made>

const pieces = (text: string, cuts: readonly number[]): string[] => {
  const at = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((start, index) => text.slice(start, at[index] ?? text.length))
}

interface Message {
  readonly bytes: string
  /** What the receiver gets where the message is dropped: the control frames in it. */
  readonly rest: string
}

const payload = fc.oneof(
  { arbitrary: fc.nat(12), weight: 6 },
  { arbitrary: fc.constantFrom(125, 126, 300), weight: 2 },
  { arbitrary: fc.constantFrom(65_535, 65_536), weight: 1 },
)

const message: fc.Arbitrary<Message> = fc
  .record({ lengths: fc.array(payload, { minLength: 1, maxLength: 4 }), hasPing: fc.boolean() })
  .map(({ lengths, hasPing }) => {
    const ping = hasPing ? masked(9, 'between') : ''
    const frames = lengths.map((length, index) =>
      masked(index === 0 ? 1 : 0, 'x'.repeat(length), { fin: index === lengths.length - 1 }),
    )
    return { bytes: frames.join(ping), rest: ping.repeat(frames.length - 1) }
  })

const cuts = fc.array(fc.nat(200_000), { maxLength: 30 })

/** Judges the first frames of messages by a list. */
const byMessage = (decide: (index: number) => Finding | undefined) => {
  let index = -1
  return (frame: Frame) => {
    if (frame.first) index++
    return frame.first ? decide(index) : undefined
  }
}

test('a dropped message vanishes with all its fragments, control frames between them pass, however it is split', () => {
  const messages = fc.array(fc.tuple(message, fc.boolean()), { maxLength: 8 })
  fc.assert(
    fc.property(messages, cuts, (list, at) => {
      const { receive, sent, state } = made({ judge: byMessage((index) => (list[index]?.[1] ? DROP : undefined)) })
      for (const piece of pieces(list.map(([{ bytes }]) => bytes).join(''), at)) receive(piece)
      const expected = list.map(([{ bytes, rest }, isDropped]) => (isDropped ? rest : bytes)).join('')
      assert.ok(sent() === expected)
      assert.equal(state.forwarded, expected.length)
      assert.equal(state.messages, list.filter(([, isDropped]) => !isDropped).length)
    }),
    { numRuns: 200 },
  )
})

test('a dropped message at every byte', () => {
  const [before, after] = [masked(1, 'before'), masked(2, 'after')]
  const dropped = masked(1, 'x'.repeat(130), { fin: false }) + masked(9, 'p') + masked(0, '') + masked(10, 'late')
  const all = before + dropped + after
  for (let split = 0; split <= all.length; split++) {
    const { receive, sent } = made({ judge: byMessage((index) => (index === 1 ? DROP : undefined)) })
    receive(all.slice(0, split))
    receive(all.slice(split))
    assert.equal(sent(), before + masked(9, 'p') + masked(10, 'late') + after, String(split))
  }
})

test('the fragments of a dropped message are judged, for it may have no end (trap 43)', () => {
  const judged: number[] = []
  const { receive, sent, events } = made({
    judge: (frame) => {
      judged.push(frame.opcode)
      return frame.first ? DROP : frame.fragments > 3 ? finding('close') : undefined
    },
  })
  receive(masked(1, 'a', { fin: false }) + masked(9) + masked(0, 'b', { fin: false }) + masked(0, 'c', { fin: false }))
  assert.deepEqual([judged, events, sent()], [[1, 9, 0, 0], [], masked(9)])
  receive(masked(0, 'd', { fin: false }) + masked(0, 'e'))
  assert.deepEqual([judged, events], [[1, 9, 0, 0, 0], ['refused']])
  assert.equal(sent(), masked(9) + CLOSE.toString('latin1'))
})

test('a fragment of a dropped message that is delayed is dropped when its turn comes', () => {
  const direction = made({
    judge: (frame) => {
      if (frame.first) return frame.length === 1 ? DROP : undefined
      return frame.at < 10 ? finding('delay', 10) : undefined
    },
  })
  direction.receive(masked(1, 'a', { fin: false }) + masked(0, 'more') + masked(1, 'good'))
  assert.equal(direction.waiting.length, 1)
  direction.advance(10)
  assert.equal(direction.sent(), masked(1, 'good'))
})

test('a control frame may be dropped, and changes nothing of the message it lies in', () => {
  for (const isDropped of [true, false]) {
    const { receive, sent } = made({
      judge: ({ opcode, first }) => (opcode === 9 || (first && isDropped) ? DROP : undefined),
    })
    receive(masked(1, 'a', { fin: false }) + masked(9, 'ping') + masked(0, 'b') + masked(10, 'pong'))
    const text = masked(1, 'a', { fin: false }) + masked(0, 'b')
    assert.equal(sent(), (isDropped ? '' : text) + masked(10, 'pong'))
  }
})

test('dropped text is not checked, and what follows is', () => {
  const bad = Buffer.of(0x61, 0xff)
  const { receive, events } = made({ judge: byMessage((index) => (index === 0 ? DROP : undefined)), check: 'text' })
  receive(masked(1, bad) + masked(1, 'good'))
  assert.deepEqual(events, [])
  receive(masked(1, bad))
  assert.deepEqual(events, ['violated 1007'])
})

test('our Close can be put in while a dropped frame is under way, at once and whole (trap 11)', () => {
  for (const left of [1, 50, 99]) {
    const { direction, receive, sent, events } = made({ judge: () => DROP })
    receive(maskedHead(2, 100) + 'x'.repeat(100 - left))
    direction.close(CLOSE)
    assert.equal(sent(), CLOSE.toString('latin1'))
    receive('x'.repeat(left) + masked(8, closing(1008)))
    assert.deepEqual(events, ['answered'])
  }
})

test('where the sender leaves in a dropped frame, the receiver still gets a Close', () => {
  const { direction, receive, sent } = made({ judge: () => DROP })
  receive(`${maskedHead(2, 100)}half`)
  direction.out.break()
  assert.equal(direction.out.isCut, false)
  direction.close(CLOSE)
  assert.equal(sent(), CLOSE.toString('latin1'))
})

test('a frame that breaks the protocol inside a dropped message is still a breach', () => {
  const { receive, events, sent } = made({ judge: () => DROP })
  receive(masked(1, 'a', { fin: false }) + masked(1, 'b'))
  assert.deepEqual(events, ['violated 1002', 'answered'])
  assert.equal(sent(), CLOSE.toString('latin1'))
})

/** Delays every message of a list for so many judgements; a message of 0 passes at once. */
function delaying(delays: readonly number[]) {
  const left = [...delays]
  let index = -1
  let isAgain = false
  return (frame: Frame) => {
    if (!frame.first) return undefined
    if (!isAgain) index++
    const times = left[index] ?? 0
    left[index] = times - 1
    isAgain = times > 0
    return times > 0 ? finding('delay', frame.at + 10) : undefined
  }
}

/** A delayed frame keeps its sender from being read; nothing else does here. */
const isConsistent = ({ state, waiting }: Made) => assert.equal(state.isPaused, waiting.length > 0)

test('what is delayed goes out later, whole and in order, however it is split', () => {
  const messages = fc.array(fc.tuple(message, fc.nat(2)), { maxLength: 8 })
  fc.assert(
    fc.property(messages, cuts, fc.array(fc.boolean(), { maxLength: 30 }), (list, at, ticks) => {
      const all = list.map(([{ bytes }]) => bytes).join('')
      const direction = made({ judge: delaying(list.map(([, times]) => times)) })
      for (const [index, piece] of pieces(all, at).entries()) {
        direction.receive(piece)
        if (ticks[index]) direction.advance(10)
        isConsistent(direction)
      }
      assert.ok(all.startsWith(direction.sent()))
      for (let left = 0; left < 20; left++) direction.advance(10)
      assert.ok(direction.sent() === all)
      assert.equal(direction.waiting.length, 0)
      assert.equal(direction.state.forwarded, all.length)
      assert.equal(direction.state.messages, list.length)
    }),
    { numRuns: 200 },
  )
})

test('a delayed frame at every byte: what was before it is out, nothing of it is', () => {
  const [before, late, after] = [masked(1, 'before'), masked(1, 'delayed'), masked(9, 'after')]
  const all = before + late + after
  for (let split = 0; split <= all.length; split++) {
    const direction = made({ judge: delaying([0, 1]) })
    direction.receive(all.slice(0, split))
    direction.receive(all.slice(split))
    assert.equal(direction.sent(), before, String(split))
    assert.equal(direction.state.isPaused, true)
    direction.advance(9)
    assert.equal(direction.sent(), before)
    direction.advance(1)
    assert.equal(direction.sent(), all, String(split))
    assert.equal(direction.state.isPaused, false)
  }
})

test('a delayed frame is judged again with the time of then', () => {
  const times: number[] = []
  const direction = made({
    judge: ({ at }) => {
      times.push(at)
      return at < 30 ? finding('delay', at + 15) : undefined
    },
  })
  direction.receive(masked(1, 'x'))
  for (let step = 0; step < 5; step++) direction.advance(10)
  assert.deepEqual(times, [0, 20, 40])
  assert.equal(direction.sent(), masked(1, 'x'))
})

test('every frame says when it came, and is judged with the time of then', () => {
  const times: [at: number, arrived: number][] = []
  const direction = made({
    judge: (frame) => {
      times.push([frame.at, frame.arrived])
      return frame.length === 1 && frame.at < frame.arrived + 20 ? finding('delay', frame.arrived + 20) : undefined
    },
  })
  direction.receive(masked(1, 'x') + masked(1, 'yy'))
  direction.advance(10)
  direction.receive(masked(1, 'zz') + masked(1, 'z'))
  direction.advance(10)
  direction.advance(10)
  assert.deepEqual(times, [
    [0, 0],
    [20, 0],
    [20, 0],
    [20, 10],
    [20, 10],
    [30, 10],
  ])
  assert.equal(direction.sent(), masked(1, 'x') + masked(1, 'yy') + masked(1, 'zz') + masked(1, 'z'))
})

test('a receiver that drains does not end a delay, and the end of a delay does not fill a slow receiver', () => {
  const direction = made({ judge: delaying([0, 1]) })
  direction.state.isFull = true
  direction.receive(masked(1, 'a') + masked(1, 'b') + masked(1, 'c'))
  direction.direction.drained()
  assert.equal(direction.state.isPaused, true, 'delayed')
  direction.advance(10)
  assert.equal(direction.sent(), masked(1, 'a') + masked(1, 'b') + masked(1, 'c'))
  assert.equal(direction.state.isPaused, true, 'full')
  direction.direction.drained()
  assert.equal(direction.state.isPaused, false)
})

test('resume leaves a delay alone', () => {
  const direction = made({ judge: delaying([1]) })
  direction.receive(masked(1, 'a'))
  direction.direction.resume()
  assert.equal(direction.state.isPaused, true)
})

test('a Close of ours ends a delay: nothing delayed goes out, the answer is found, wherever it is', () => {
  const answer = masked(8, closing(1008))
  const all = masked(1, 'delayed') + masked(2, 'more') + answer
  for (let split = 6; split <= all.length; split++) {
    const direction = made({ judge: delaying([9]) })
    direction.receive(all.slice(0, split))
    direction.direction.close(CLOSE)
    assert.equal(direction.sent(), CLOSE.toString('latin1'), String(split))
    assert.deepEqual([direction.waiting.length, direction.state.isPaused], [0, false])
    direction.receive(all.slice(split))
    assert.deepEqual(direction.events, ['answered'], String(split))
    assert.equal(direction.sent(), CLOSE.toString('latin1'))
  }
})

test('a delayed frame that is refused at last ends the session; one that is dropped at last vanishes', () => {
  const late = (action: 'close' | 'drop') => ({
    judge: byMessageAgain(['delay', action, undefined]),
  })
  const closed = made(late('close'))
  closed.receive(masked(1, 'a') + masked(1, 'b'))
  closed.advance(10)
  assert.deepEqual([closed.events, closed.sent()], [['refused'], CLOSE.toString('latin1')])

  const dropped = made(late('drop'))
  dropped.receive(masked(1, 'a', { fin: false }) + masked(0, 'more') + masked(1, 'b'))
  dropped.advance(10)
  assert.equal(dropped.sent(), masked(1, 'b'))
})

/** Says what a list says, first frame by first frame, judged again or not. */
function byMessageAgain(actions: readonly (Finding['action'] | undefined)[]) {
  let index = 0
  return (frame: Frame) => {
    const action = frame.first ? actions[index++] : undefined
    return action && finding(action, frame.at + 10)
  }
}

test('what comes after the last byte waits for what is delayed', () => {
  const direction = made({ judge: delaying([1, 1]) })
  const order: string[] = []
  direction.receive(masked(1, 'a') + masked(1, 'b'))
  direction.direction.afterwards(() => order.push(direction.sent()))
  direction.advance(10)
  assert.equal(order.length, 0)
  direction.advance(10)
  assert.deepEqual(order, [masked(1, 'a') + masked(1, 'b')])
  direction.direction.afterwards(() => order.push('at once'))
  assert.equal(order.at(-1), 'at once')
})

test('where the receiver is gone nothing waits any more, and the sender is read to its end', () => {
  const direction = made({ judge: delaying([9]) })
  direction.receive(masked(1, 'a') + masked(8, closing(1001)))
  direction.direction.receiverLeft()
  assert.deepEqual([direction.waiting.length, direction.state.isPaused, direction.sent()], [0, false, ''])
  assert.deepEqual(direction.events, ['answered'])
})

test('bad text in a delayed frame does not go out', () => {
  const direction = made({ judge: delaying([1]), check: 'text' })
  direction.receive(masked(1, Buffer.of(0xff)))
  direction.advance(10)
  assert.deepEqual([direction.events, direction.sent()], [['violated 1007'], CLOSE.toString('latin1')])
})

test('the Close of the sender waits its turn', () => {
  const direction = made({ judge: delaying([1]) })
  direction.receive(masked(1, 'a') + masked(8, closing(3001)) + masked(1, 'ignored'))
  assert.deepEqual(direction.events, [])
  direction.advance(10)
  assert.equal(direction.sent(), masked(1, 'a') + masked(8, closing(3001)))
  assert.deepEqual(direction.events, ['closed 3001'])
})

test('a delayed Close frame is whole when its turn comes', () => {
  let isLate = false
  const direction = made({
    judge: ({ opcode, at }) => {
      if (opcode !== 8 || isLate) return undefined
      isLate = true
      return finding('delay', at + 10)
    },
  })
  for (const byte of masked(8, closing(3001, 'bye'))) direction.receive(byte)
  direction.advance(10)
  assert.equal(direction.sent(), masked(8, closing(3001, 'bye')))
  assert.deepEqual(direction.events, ['closed 3001'])
})

const NOTICE = Buffer.from(masked(1, 'slow down'), 'latin1')

test('a notice goes out before our Close between messages, and is left out inside one', () => {
  const cases: [name: string, before: string, after: string, isThere: boolean][] = [
    ['at the beginning', '', '', true],
    ['after a message', masked(1, 'x'), '', true],
    ['in the middle of a whole message', masked(1, 'abcdef').slice(0, -2), masked(1, 'abcdef').slice(-2), true],
    ['between fragments', masked(1, 'x', { fin: false }), '', false],
    ['in the middle of a fragment', masked(1, 'x', { fin: false }).slice(0, -1), 'y', false],
  ]
  for (const [name, before, after, isThere] of cases) {
    const direction = made({ judge: () => undefined })
    direction.receive(before)
    direction.direction.close(CLOSE, NOTICE)
    direction.receive(after)
    const frames = framesIn(direction.sent()).map(({ payload: text }) => text.toString())
    assert.equal(frames.includes('slow down'), isThere, name)
    assert.ok(direction.sent().endsWith(CLOSE.toString('latin1')), name)
  }
})
