/** Rates of messages and bytes: whom they count, what they count, and that an amount counts in all of them or in none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { z } from 'zod'
import { bytes } from '../../src/checks/bytes.ts'
import { messages } from '../../src/checks/messages.ts'
import { meteredProblems } from '../../src/checks/metering.ts'
import { Limiters } from '../../src/limits/limiters.ts'
import type { FrameCheck } from '../../src/policy/check.ts'
import type { Frame } from '../../src/policy/frame.ts'
import { assembly, conclusion } from '../support/check.ts'
import { connection } from '../support/connection.ts'
import { frame, ping } from '../support/frame.ts'

type Settings = z.input<typeof messages.settings>
type Client = Parameters<typeof connection>[0]

/** The frame checks of several connections, of one policy. */
function metered(
  check: typeof messages | typeof bytes,
  settings: Settings,
  clients: Client[],
  limiters = new Limiters(),
) {
  const begin = check.onFrame?.(check.settings.parse(settings), assembly({}, limiters))
  if (!begin) throw new Error('judges no frame')
  return clients.map((client): FrameCheck => begin(connection(client)))
}

const user = (name: string, peer = '203.0.113.9'): Client => ({ peer, learned: { user: name } })
const from = (peer: string): Client => ({ peer })

const [ann, annElsewhere, bob, nobody] = [user('ann'), user('ann', '203.0.113.10'), user('bob'), {}]

/** Each of two clients sends a message, the first one first, where one is allowed. */
const KEYS: [name: string, settings: Settings, first: Client, second: Client, expected: string][] = [
  ['perConnection: two connections', { perConnection: '1/s' }, ann, ann, 'pass'],
  ['perUser: two connections of a user', { perUser: '1/s' }, ann, annElsewhere, 'message_rate'],
  ['perUser: two users', { perUser: '1/s' }, ann, bob, 'pass'],
  ['perUser: who has none counts as itself', { perUser: '1/s' }, nobody, nobody, 'pass'],
  ['perUser: an empty name is a name', { perUser: '1/s' }, user(''), nobody, 'pass'],
  ['perIp: one address', { perIp: '1/s' }, ann, bob, 'message_rate'],
  ['perIp: two addresses', { perIp: '1/s' }, ann, annElsewhere, 'pass'],
  ['perIp: one IPv6 network', { perIp: '1/s' }, from('2001:db8::1'), from('2001:db8::2'), 'message_rate'],
  ['perIp: two IPv6 networks', { perIp: '1/s' }, from('2001:db8::1'), from('2001:db8:0:1::1'), 'pass'],
  ['perIp: IPv4 in IPv6', { perIp: '1/s' }, from('203.0.113.9'), from('::ffff:203.0.113.9'), 'message_rate'],
  ['total', { total: '1/s' }, ann, annElsewhere, 'message_rate'],
  ['empty lists limit nothing', { perConnection: [], perUser: [], perIp: [], total: [] }, ann, ann, 'pass'],
  ['nothing limits nothing', {}, ann, ann, 'pass'],
]

for (const [name, settings, first, second, expected] of KEYS) {
  test(name, () => {
    const [one, other] = metered(messages, settings, [first, second])
    assert.equal(one && conclusion(one(frame())), 'pass')
    assert.equal(other && conclusion(other(frame())), expected)
  })
}

test('one without the user claim has the rate of a user, for itself', () => {
  const [check] = metered(messages, { perUser: '1/s' }, [{}])
  assert.deepEqual([check?.(frame()).ok, check?.(frame()).ok], [true, false])
})

test('rates by user, address and in total outlive the connection and a reload; that of a connection does not', () => {
  const settings: [Settings, string][] = [
    [{ perUser: '1/s' }, 'message_rate'],
    [{ perIp: '1/s' }, 'message_rate'],
    [{ total: '1/s' }, 'message_rate'],
    [{ perConnection: '1/s' }, 'pass'],
  ]
  for (const [given, expected] of settings) {
    const limiters = new Limiters()
    metered(messages, given, [ann], limiters)[0]?.(frame())
    const again = metered(messages, given, [ann], limiters)[0]
    assert.equal(again && conclusion(again(frame())), expected, JSON.stringify(given))
  }
})

test('what one rate has no room for counts in none', () => {
  const settings: Settings = { perConnection: '1/s', perUser: '2/s', perIp: '9/s', total: '3/s' }
  const [one, two, three] = metered(messages, settings, [ann, ann, bob])
  const said = [one, one, one, two, two, three, three].map((check) => check && conclusion(check(frame())))
  assert.deepEqual(said, ['pass', 'message_rate', 'message_rate', 'pass', 'message_rate', 'pass', 'message_rate'])
})

test('a refusal says which rate, and when there will be room in all of them', () => {
  const [check] = metered(messages, { perConnection: ['2/s', '3/min'], perIp: '2/10s' }, [ann])
  for (const at of [100, 200]) assert.ok(check?.(frame({ at })).ok)
  assert.deepEqual(check?.(frame({ at: 300 })), {
    ok: false,
    reason: 'message_rate',
    detail: 'perConnection allows 2 in 1 s and 3 in 60 s',
    retryAt: 10_100,
  })
})

test('messages: fragments and control frames are none', () => {
  const [check] = metered(messages, { perConnection: '1/s' }, [ann])
  const frames = [
    frame({ fin: false }),
    ping(0),
    frame({ opcode: 0, first: false }),
    frame({ opcode: 8, first: false }),
  ]
  assert.deepEqual(
    frames.map((one) => check?.(one).ok),
    [true, true, true, true],
  )
})

const empty = frame({ length: 0 })
const close = frame({ opcode: 8, first: false, length: 100 })

const BYTES: [name: string, rate: string, frames: Frame[], expected: boolean[]][] = [
  ['the sum counts', '10B/s', [frame({ length: 6 }), frame({ length: 4 }), frame({ length: 1 })], [true, true, false]],
  [
    'what does not fit counts not',
    '10B/s',
    [frame({ length: 6 }), frame({ length: 5 }), frame({ length: 4 })],
    [true, false, true],
  ],
  ['more than the rate never fits', '10B/s', [frame({ length: 11 }), frame({ length: 10 })], [false, true]],
  [
    'fragments count',
    '10B/s',
    [frame({ length: 6, fin: false }), frame({ opcode: 0, first: false, length: 5 })],
    [true, false],
  ],
  ['pings count', '10B/s', [{ ...ping(0), length: 6 }, frame({ length: 5 })], [true, false]],
  ['empty frames are free', '1B/s', [frame({ length: 1 }), empty, empty], [true, true, true]],
  ['a Close is free', '1B/s', [frame({ length: 1 }), close], [true, true]],
  [
    'large amounts',
    '1MiB/s',
    [frame({ length: 1_048_000 }), frame({ length: 576 }), frame({ length: 1 })],
    [true, true, false],
  ],
  [
    'a window later there is room',
    '10B/s',
    [frame({ length: 10 }), frame({ length: 10, at: 999 }), frame({ length: 10, at: 1000 })],
    [true, false, true],
  ],
]

for (const [name, rate, frames, expected] of BYTES) {
  test(`bytes: ${name}`, () => {
    const [check] = metered(bytes, { perConnection: rate }, [ann])
    assert.deepEqual(
      frames.map((one) => check?.(one).ok),
      expected,
    )
  })
}

test('bytes: a frame that never fits says so', () => {
  const [check] = metered(bytes, { perUser: '10B/s' }, [ann])
  const verdict = check?.(frame({ length: 11 }))
  assert.deepEqual(verdict && !verdict.ok && [verdict.reason, verdict.retryAt], ['byte_rate', Number.POSITIVE_INFINITY])
})

test('when it would fit is found out only where it is asked for', (t) => {
  const limiters = new Limiters()
  const [check] = metered(messages, { perIp: '1/s' }, [ann], limiters)
  const table = limiters.named('messages.perIp')
  assert.ok(table && check)
  const roomAt = t.mock.method(table, 'roomAt')
  const verdict = [check(frame()), check(frame())][1]
  assert.equal(roomAt.mock.callCount(), 0)
  assert.equal(verdict && !verdict.ok && verdict.retryAt, 1000)
})

test('a passed frame allocates no verdict', () => {
  const [check] = metered(messages, { perConnection: '9/s', perUser: '9/s', total: '9/s' }, [ann])
  assert.equal(check?.(frame()), check?.(ping(0)))
})

const PROBLEMS: [settings: Settings, hasToken: boolean, paths: string[]][] = [
  [{ perUser: '1/s' }, true, []],
  [{ perUser: '1/s' }, false, ['perUser']],
  [{ perUser: [] }, false, ['']],
  [{}, true, ['']],
  [{ total: '1/s' }, false, []],
  [{ perIp: '1/s', closeAfterDrops: 3, onExceed: 'drop' }, true, []],
  [{ perIp: '1/s', maxDelay: '1s', onExceed: 'drop' }, true, ['maxDelay']],
  [{ perIp: '1/s', maxDelay: '1s', onExceed: 'delay' }, true, []],
  [{ closeAfterDrops: 3 }, true, ['closeAfterDrops']],
  [{ closeAfterDrops: 3, onExceed: 'delay', perUser: '1/s' }, false, ['perUser', 'closeAfterDrops']],
]

for (const [settings, hasToken, paths] of PROBLEMS) {
  test(`problems of ${JSON.stringify(settings)} ${hasToken ? 'with' : 'without'} a token`, () => {
    const found = meteredProblems(messages.settings.parse(settings), { hasToken, params: [] })
    assert.deepEqual(
      found.map(({ path }) => path.join('.')),
      paths,
    )
  })
}
