import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { connections } from '../../src/checks/connections.ts'
import { Counts } from '../../src/limits/counts.ts'
import type { Occupant } from '../../src/policy/seat.ts'
import type { Verdict } from '../../src/policy/verdict.ts'
import { assembly, conclusion, handshakeCheck } from '../support/check.ts'
import { connection, type Handshake } from '../support/connection.ts'

type Settings = Parameters<typeof handshakeCheck<typeof connections.settings>>[1]

/** The check of one scope, and a way to open connections under it. */
function limiting(settings: Settings, counts = new Counts<Occupant>(), scope = 'chat') {
  const judge = handshakeCheck(connections, settings, assembly({ counts, scope }))
  const open = (handshake: Handshake = {}) => {
    const verdict = judge(connection(handshake))
    if (verdict instanceof Promise) throw new Error('counting never waits')
    return verdict
  }
  return { counts, open, try: (handshake?: Handshake) => conclusion(open(handshake)) }
}

const release = (verdict: Verdict) => verdict.ok && verdict.release?.()

const user = (name: string): Handshake => ({ learned: { user: name } })
const room = (name: string): Handshake => ({ learned: { params: new Map([['room', name]]) } })

const CASES: [name: string, settings: Settings, opened: Handshake[], last: Handshake, expected: string][] = [
  ['total', { total: 2 }, [{}, user('ann')], user('bob'), 'too_many_connections'],
  ['total with room', { total: 3 }, [{}, user('ann')], user('bob'), 'pass'],
  ['perIp', { perIp: 1 }, [{}], {}, 'too_many_connections'],
  ['perIp, another address', { perIp: 1 }, [{}], { peer: '203.0.113.10' }, 'pass'],
  ['perIp, the same address as IPv6', { perIp: 1 }, [{}], { peer: '::ffff:203.0.113.9' }, 'too_many_connections'],
  ['perUser', { perUser: 1 }, [user('ann')], user('ann'), 'too_many_connections'],
  ['perUser, another user', { perUser: 1 }, [user('ann')], user('bob'), 'pass'],
  ['perUser, another case', { perUser: 1 }, [user('ann')], user('Ann'), 'pass'],
  ['perUser, without a user each counts as itself', { perUser: 1 }, [{}], {}, 'pass'],
  ['perKey', { perKey: { key: 'param:room', max: 1 } }, [room('a')], room('a'), 'too_many_connections'],
  ['perKey, another value', { perKey: { key: 'param:room', max: 1 } }, [room('a')], room('b'), 'pass'],
  [
    'perKey, the same value encoded',
    { perKey: { key: 'param:room', max: 1 } },
    [room('a')],
    room('%61'),
    'too_many_connections',
  ],
  [
    'perKey of a claim',
    { perKey: { key: 'claim:team', max: 1 } },
    [{ learned: { claims: { team: 7 } } }],
    { learned: { claims: { team: '7' } } },
    'too_many_connections',
  ],
  ['nothing set', {}, [{}, {}, {}], {}, 'pass'],
]

for (const [name, settings, opened, last, expected] of CASES) {
  test(`connections: ${name}`, () => {
    const limit = limiting(settings)
    for (const one of opened) assert.equal(limit.try(one), 'pass')
    assert.equal(limit.try(last), expected)
  })
}

test('what is given back may be taken again', () => {
  const limit = limiting({ total: 1, perIp: 1 })
  const first = limit.open()
  assert.equal(limit.try(), 'too_many_connections')
  release(first)
  assert.equal(limit.try(), 'pass')
})

test('a refused connection takes nothing', () => {
  const limit = limiting({ total: 5, perIp: 5, perUser: 1 })
  release(limit.open(user('ann')))
  const kept = limit.open(user('ann'))
  for (let index = 0; index < 10; index++) assert.equal(limit.try(user('ann')), 'too_many_connections')
  assert.equal(limit.counts.size, 3)
  release(kept)
  assert.equal(limit.counts.size, 0)
})

test('everything is counted even where nothing is limited, for a reload may limit it', () => {
  const counts = new Counts<Occupant>()
  const before = limiting({}, counts)
  before.open(user('ann'))
  assert.equal(limiting({ perUser: 1 }, counts).try(user('ann')), 'too_many_connections')
  assert.equal(limiting({ perIp: 1 }, counts).try(user('bob')), 'too_many_connections')
  assert.equal(limiting({ total: 1 }, counts).try(user('bob')), 'too_many_connections')
})

test('a route counts by itself', () => {
  const counts = new Counts<Occupant>()
  limiting({ total: 1 }, counts, 'chat').open()
  assert.equal(limiting({ total: 1 }, counts, 'feed').try(), 'pass')
})

test('the process counts over all routes; its total is an overload, its other limits are not', () => {
  const counts = new Counts<Occupant>()
  const process = limiting({ total: 2, perIp: 1 }, counts, '')
  process.open()
  assert.equal(process.try(), 'too_many_connections')
  process.open({ peer: '203.0.113.10' })
  assert.equal(process.try({ peer: '203.0.113.11' }), 'overloaded')
})

test('a value that looks like another key is none', () => {
  const limit = limiting({ perUser: 1, perKey: { key: 'param:room', max: 1 } })
  assert.equal(limit.try(user('x\0perKey param:room\0y')), 'pass')
  assert.equal(limit.try(room('y')), 'pass')
})

test('property: after any order of opening and closing, open is what the naive count says', () => {
  const event = fc.record({ user: fc.constantFrom('a', 'b'), ip: fc.integer({ min: 1, max: 3 }), close: fc.nat(9) })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const limit = limiting({ total: 6, perUser: 4, perIp: 3 })
      const open: { user: string; ip: number; verdict: Verdict }[] = []
      for (const { user: name, ip, close } of events) {
        const hasRoom =
          open.length < 6 &&
          open.filter((one) => one.user === name).length < 4 &&
          open.filter((one) => one.ip === ip).length < 3
        const verdict = limit.open({ peer: `203.0.113.${ip}`, ...user(name) })
        assert.equal(verdict.ok, hasRoom)
        if (verdict.ok) open.push({ user: name, ip, verdict })
        for (const { verdict: closed } of open.splice(close, 1)) release(closed)
      }
      for (const { verdict } of open) release(verdict)
      assert.equal(limit.counts.size, 0)
    }),
  )
})

const EVICTING = { perUser: 2, onExceed: 'evict-oldest' } as const

/** The connection of a verdict opens; says whose places it took. */
function opens(verdict: Verdict, name: string, told: string[]) {
  const occupant: Occupant = { replaced: () => told.push(name) }
  if (!verdict.ok || !verdict.seat) throw new Error('no seat')
  const by = { check: 'connections', mode: 'enforce' } as const
  for (const older of verdict.seat.open(occupant, by)) older.replaced(by)
}

test('evict-oldest: a newer one enters, and takes a place when it opens', () => {
  const limit = limiting(EVICTING)
  const told: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) opens(limit.open(user('ann')), name, told)
  assert.deepEqual(told, ['a', 'b'])
})

test('evict-oldest: a user whose every place is still being opened waits', () => {
  const limit = limiting(EVICTING)
  const told: string[] = []
  const [first, second] = [limit.open(user('ann')), limit.open(user('ann'))]
  assert.equal(limit.try(user('ann')), 'too_many_connections')
  assert.equal(limit.try(user('bob')), 'pass')
  opens(first, 'first', told)
  const third = limit.open(user('ann'))
  assert.equal(third.ok, true)
  assert.equal(limit.try(user('ann')), 'too_many_connections')
  release(second)
  opens(third, 'third', told)
  assert.deepEqual(told, [])
})

test('evict-oldest: the other counts still refuse, and what they refuse takes no seat', () => {
  const limit = limiting({ ...EVICTING, perIp: 1 })
  const told: string[] = []
  const open = limit.open(user('ann'))
  opens(open, 'a', told)
  for (let index = 0; index < 10; index++) assert.equal(limit.try(user('ann')), 'too_many_connections')
  assert.deepEqual([limit.counts.size, told], [3, []])
  release(open)
  assert.equal(limit.counts.size, 0)
})

test('evict-oldest: 1,000 of one user at once', () => {
  const limit = limiting({ perUser: 5, onExceed: 'evict-oldest' })
  const passed = Array.from({ length: 1000 }, () => limit.open(user('ann'))).filter(({ ok }) => ok)
  assert.equal(passed.length, 5)
})

test('evict-oldest from a reload on also replaces those that were open before', () => {
  const counts = new Counts<Occupant>()
  const told: string[] = []
  const before = limiting({ perUser: 3 }, counts)
  for (const name of ['a', 'b', 'c']) opens(before.open(user('ann')), name, told)
  assert.equal(before.try(user('ann')), 'too_many_connections')
  opens(limiting(EVICTING, counts).open(user('ann')), 'd', told)
  assert.deepEqual(told, ['a', 'b'])
  assert.equal(limiting({ perUser: 2 }, counts).try(user('ann')), 'too_many_connections')
})

const PROBLEMS: [name: string, settings: Settings, params: string[], hasToken: boolean, path: string | undefined][] = [
  ['perUser without a token', { perUser: 1 }, [], false, 'perUser'],
  ['a claim without a token', { perKey: { key: 'claim:team', max: 1 } }, [], false, 'perKey.key'],
  ['a param the path lacks', { perKey: { key: 'param:room', max: 1 } }, ['id'], true, 'perKey.key'],
  ['evict-oldest without perUser', { perIp: 1, onExceed: 'evict-oldest' }, [], true, 'onExceed'],
  ['good, evicting', EVICTING, [], true, undefined],
  ['good', { perUser: 1, perKey: { key: 'param:room', max: 1 } }, ['room'], true, undefined],
]

for (const [name, settings, params, hasToken, path] of PROBLEMS) {
  test(`connections settings: ${name}`, () => {
    const [problem] = connections.problems?.(connections.settings.parse(settings), { params, hasToken }) ?? []
    assert.equal(problem?.path.join('.'), path)
  })
}

test('a limit of none is an error', () => {
  for (const settings of [
    { total: 0 },
    { perIp: -1 },
    { perUser: '1e3' },
    { onExceed: 'evict' },
    { perKey: { key: 'query:x', max: 1 } },
  ]) {
    assert.equal(connections.settings.safeParse(settings).success, false, JSON.stringify(settings))
  }
})
