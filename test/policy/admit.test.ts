import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Admission, admit, admitOrWait } from '../../src/policy/admit.ts'
import type { Mode, Step } from '../../src/policy/check.ts'
import { pass, passed, refuse, type Verdict } from '../../src/policy/verdict.ts'
import { connection } from '../support/connection.ts'
import { noted, policyOf, step } from '../support/route-policy.ts'

const NO = refuse('access_denied', 'not you')
const ALSO_NO = refuse('token_missing', 'no token')

const judge = (...steps: Step[]) => admit(connection(), policyOf(steps))

/** What was found, shortly: `check reason`, with `?` where it was a would-be refusal. */
const found = ({ findings }: Admission) =>
  findings.map(({ check, reason, counted }) => `${check} ${reason}${counted ? '' : '?'}`)

/** A pass that took something, and the log of what was given back. */
const taking = (given: string[], check: string, mode: Mode = 'enforce', verdict: Partial<Verdict> = {}): Step =>
  step(check, () => ({ ok: true, release: () => given.push(check), ...verdict }) as Verdict, mode)

test('the checks run in order, the entry first', async () => {
  const ran: string[] = []
  const entry = [noted(ran, 'drain'), noted(ran, 'route', { ok: true, learned: { route: 'chat' } })]
  const admission = await admit(connection(), policyOf([noted(ran, 'origin'), noted(ran, 'token')], entry))
  assert.deepEqual(ran, ['drain', 'route', 'origin', 'token'])
  assert.equal(admission.granted, true)
  assert.equal(admission.route.name, 'chat')
  assert.deepEqual(
    admission.trace.map(({ check, verdict }) => [check, verdict?.ok]),
    [
      ['drain', true],
      ['route', true],
      ['origin', true],
      ['token', true],
    ],
  )
})

test('the first refusal that counts decides, and nothing runs after it', async () => {
  const ran: string[] = []
  const admission = await judge(noted(ran, 'first', NO), noted(ran, 'second', ALSO_NO))
  assert.equal(admission.granted, false)
  assert.deepEqual(ran, ['first'])
  assert.deepEqual(!admission.granted && admission.refusal, {
    check: 'first',
    reason: 'access_denied',
    detail: 'not you',
    counted: true,
    action: 'close',
  })
})

test('a refusal of the entry keeps the route from being judged', async () => {
  const ran: string[] = []
  const admission = await admit(connection(), policyOf([noted(ran, 'token')], [noted(ran, 'route', NO)]))
  assert.equal(admission.granted, false)
  assert.equal(admission.route.name, 'none')
  assert.deepEqual(ran, ['route'])
})

const FINDINGS: [name: string, modes: [Mode, Mode, Mode], granted: boolean, found: string[]][] = [
  ['all enforced', ['enforce', 'enforce', 'enforce'], false, ['a access_denied']],
  ['first dry', ['dry-run', 'enforce', 'enforce'], false, ['a access_denied?', 'b token_missing']],
  ['second dry', ['enforce', 'dry-run', 'enforce'], false, ['a access_denied']],
  ['two dry', ['dry-run', 'dry-run', 'enforce'], false, ['a access_denied?', 'b token_missing?', 'c access_denied']],
  ['all dry', ['dry-run', 'dry-run', 'dry-run'], true, ['a access_denied?', 'b token_missing?', 'c access_denied?']],
]

for (const [name, [a, b, c], granted, expected] of FINDINGS) {
  test(`dry run: ${name}`, async () => {
    const admission = await judge(
      step('a', () => NO, a),
      step('b', () => ALSO_NO, b),
      step('c', () => NO, c),
    )
    assert.equal(admission.granted, granted)
    assert.deepEqual(found(admission), expected)
  })
}

test('what a check learned, passing or refusing, the next one knows; the permit knows it too', async () => {
  const seen: unknown[] = []
  const admission = await judge(
    step('token', () => passed('valid', { user: 'ann' })),
    step('domains', () => refuse('domain_not_allowed', 'no', { type: 'iframe' }), 'dry-run'),
    step('last', ({ user, type }) => {
      seen.push(user, type)
      return passed('seen')
    }),
  )
  assert.deepEqual(seen, ['ann', 'iframe'])
  assert.equal(admission.granted && admission.permit.connection.user, 'ann')
  assert.equal(admission.connection.type, 'iframe')
})

test('a check whose facts are missing is skipped, not refused and not run', async () => {
  const ran: string[] = []
  const domains = { ...noted(ran, 'domains'), needs: ['claims'] as const }
  const admission = await judge(
    step('token', () => ALSO_NO, 'dry-run'),
    domains,
    noted(ran, 'connections'),
  )
  assert.equal(admission.granted, true)
  assert.deepEqual(ran, ['connections'])
  assert.deepEqual(admission.trace.at(-2), { check: 'domains', mode: 'enforce' })
})

test('a check whose facts are there runs', async () => {
  const ran: string[] = []
  await judge(
    step('token', () => passed('ok', { claims: {} })),
    { ...noted(ran, 'domains'), needs: ['claims'] },
  )
  assert.deepEqual(ran, ['domains'])
})

const BROKEN: [name: string, judge: Step['judge'], detail: string][] = [
  [
    'throws',
    () => {
      throw new TypeError('x is not a function')
    },
    'TypeError: x is not a function',
  ],
  ['rejects', () => Promise.reject(new Error('store is down')), 'Error: store is down'],
  [
    'throws what is no error',
    () => {
      throw 'text'
    },
    'the check threw',
  ],
]

for (const [name, broken, detail] of BROKEN) {
  test(`a check that ${name} is a refusal`, async () => {
    const given: string[] = []
    const admission = await judge(taking(given, 'slot'), step('broken', broken))
    assert.deepEqual(!admission.granted && admission.refusal, {
      check: 'broken',
      reason: 'internal_error',
      detail,
      counted: true,
      action: 'close',
    })
    assert.deepEqual(given, ['slot'])
  })

  test(`a check that ${name} in dry run is a would-be refusal`, async () => {
    const admission = await judge(step('broken', broken, 'dry-run'))
    assert.equal(admission.granted, true)
    assert.deepEqual(found(admission), ['broken internal_error?'])
  })
}

test('asynchronous checks are awaited, one after the other', async () => {
  const order: string[] = []
  const slow = (check: string, verdict: Verdict) =>
    step(check, async () => {
      order.push(`${check} begins`)
      await setImmediate()
      order.push(`${check} ends`)
      return verdict
    })
  const admission = await judge(slow('a', passed('fine')), slow('b', NO), slow('c', passed('fine')))
  assert.deepEqual(order, ['a begins', 'a ends', 'b begins', 'b ends'])
  assert.equal(!admission.granted && admission.refusal.check, 'b')
})

test('a refusal gives back what was taken before it, last taken first, once', async () => {
  const given: string[] = []
  await judge(
    taking(given, 'a'),
    taking(given, 'b'),
    step('c', () => NO),
    taking(given, 'd'),
  )
  assert.deepEqual(given, ['b', 'a'])
})

test('a permit gives back once, however often it is released', async () => {
  const given: string[] = []
  const admission = await judge(taking(given, 'a'), taking(given, 'b'))
  assert.deepEqual(given, [])
  assert.ok(admission.granted)
  admission.permit.release()
  admission.permit.release()
  assert.deepEqual(given, ['b', 'a'])
})

test('in dry run, who would have been refused holds nothing of what dry-run checks count', async () => {
  const given: string[] = []
  const admission = await judge(
    taking(given, 'enforced'),
    taking(given, 'before', 'dry-run'),
    step('no', () => NO, 'dry-run'),
    taking(given, 'after', 'dry-run'),
  )
  assert.deepEqual(given, ['after', 'before'], 'as if the refusal had been enforced')
  assert.ok(admission.granted)
  admission.permit.release()
  assert.deepEqual(given, ['after', 'before', 'enforced'])
})

test('in dry run, who passes everything holds what the checks count', async () => {
  const given: string[] = []
  const admission = await judge(taking(given, 'a', 'dry-run'))
  assert.deepEqual(given, [])
  assert.ok(admission.granted)
  admission.permit.release()
  assert.deepEqual(given, ['a'])
})

/** A rate that has counted the connection, and the log of what was taken back. */
const rated = (undone: string[], check: string, mode: Step['mode']): Step => ({
  ...step(check, () => ({ ok: true, undo: () => undone.push(check) })),
  mode,
})

const no = (check: string, mode: Step['mode']): Step => ({ ...step(check, () => NO), mode })

test('a rate in dry run does not keep whom an earlier would-be refusal spared; every other one does', async () => {
  const undone: string[] = []
  const before = rated(undone, 'before', 'dry-run')
  const after = (['dry-run', 'enforce', 'candidate'] as const).map((mode) => rated(undone, `after ${mode}`, mode))
  await judge(before, no('no', 'candidate'), rated(undone, 'after a candidate', 'dry-run'))
  assert.deepEqual(undone, [])
  await judge(before, no('no', 'dry-run'), ...after)
  assert.deepEqual(undone, ['after dry-run', 'after candidate'])
})

test('a later refusal takes nothing back: every handshake that reaches a rate counts', async () => {
  const undone: string[] = []
  await judge(rated(undone, 'rate', 'enforce'), rated(undone, 'dry rate', 'dry-run'), no('no', 'enforce'))
  assert.deepEqual(undone, [])
})

test('what a candidate would refuse stands apart, and nothing follows from it', async () => {
  const given: string[] = []
  const admission = await judge(
    no('candidate.connections', 'candidate'),
    taking(given, 'enforced'),
    taking(given, 'dry', 'dry-run'),
    { ...taking(given, 'candidate'), mode: 'candidate' },
  )
  assert.ok(admission.granted)
  assert.deepEqual(admission.findings, [])
  assert.deepEqual(
    admission.candidates.map(({ check, action, counted }) => [check, action, counted]),
    [['candidate.connections', 'candidate', false]],
  )
  assert.deepEqual(given, [], 'what dry-run and enforced steps took is kept')
  admission.permit.release()
  assert.deepEqual(given, ['candidate', 'dry', 'enforced'])
})

test('a candidate that takes holds as long as the connection, and gives back what a refusal makes void', async () => {
  const given: string[] = []
  const candidate: Step = { ...taking(given, 'candidate'), mode: 'candidate' }
  const refused = await judge(candidate, no('no', 'enforce'))
  assert.equal(refused.granted, false)
  assert.deepEqual(given, ['candidate'])
})

const SAID = { value: 'said', at: 7 }

/** A route that waits for first messages; what is judged before and after notes it in `ran`, and takes a place. */
function waitingRoute(mode: Mode, isAwaited = true) {
  const ran: string[] = []
  const held = new Set<string>()
  const judges = (name: string, verdict: Verdict = pass, as: Mode = 'enforce') =>
    step(
      name,
      ({ message }) => {
        ran.push(message === undefined ? name : `${name} on ${String(message)}`)
        if (!verdict.ok) return verdict
        held.add(name)
        return { ...verdict, release: () => void held.delete(name) }
      },
      as,
    )
  const policy = (
    after: readonly Step[] = [judges('token', pass, mode), judges('counts')],
    place = pass as Verdict,
  ) => {
    const base = policyOf([judges('all')])
    const firstMessage = {
      mode,
      timeoutMs: 1,
      maxBytes: 1,
      isAwaited: () => isAwaited,
      protocolOf: () => undefined,
      before: [judges('early')],
      place: judges('place', place, mode),
      after,
      read: () => SAID,
    }
    const routes = new Map([...base.routes].map(([name, route]) => [name, { ...route, firstMessage }]))
    return { ...base, routes }
  }
  return { ran, held, judges, policy }
}

test('a first message: what is before it is judged, then what it says', async () => {
  const { ran, held, policy } = waitingRoute('enforce')
  const waiting = await admitOrWait(connection(), policy())
  assert.ok(waiting.granted === 'later')
  assert.deepEqual(
    [ran, [...held]],
    [
      ['early', 'place'],
      ['early', 'place'],
    ],
  )
  const admission = await waiting.later.hear(SAID)
  assert.ok(admission.granted)
  assert.deepEqual(ran.slice(2), ['token on said', 'counts on said'])
  assert.deepEqual([...held], ['early', 'token', 'counts'])
  assert.equal(admission.permit.connection.message, undefined)
  assert.equal(admission.permit.connection.at, connection().at)
  admission.permit.release()
  assert.equal(held.size, 0)
})

test('one that is refused, before, by its place, for what it says, or because nothing was said: all is given back', async () => {
  const no = refuse('token_invalid', 'no')
  const { held, judges, policy } = waitingRoute('enforce')
  const full = await admitOrWait(connection(), policy(undefined, refuse('too_many_connections', 'full')))
  assert.ok(!full.granted)
  assert.equal(full.refusal.reason, 'too_many_connections')
  const first = await admitOrWait(connection(), policy([judges('token'), judges('counts', no)]))
  assert.ok(first.granted === 'later')
  const refused = await first.later.hear(SAID)
  assert.ok(!refused.granted)
  assert.equal(refused.refusal.check, 'counts')
  const second = await admitOrWait(connection(), policy())
  assert.ok(second.granted === 'later')
  const late = second.later.refuse(refuse('token_timeout', 'late'))
  assert.ok(!late.granted)
  assert.deepEqual([late.refusal.check, late.refusal.reason], ['token', 'token_timeout'])
  assert.equal(held.size, 0)
})

test('in a dry run it is admitted at once, and the rest joins its permit', async () => {
  const { held, policy } = waitingRoute('dry-run')
  const admission = await admitOrWait(connection(), policy())
  assert.ok(admission.granted === true && admission.later)
  const judged = await admission.later.hear(SAID)
  assert.ok(judged.granted === true && judged.permit === admission.permit)
  assert.deepEqual([...held], ['early', 'token', 'counts'])
  admission.permit.release()
  assert.equal(held.size, 0)
})

test('in a dry run what would be refused counts into nothing that is in dry run, and what comes too late into nothing', async () => {
  const { held, judges, policy } = waitingRoute('dry-run')
  const no = refuse('token_invalid', 'no')
  const one = await admitOrWait(connection(), policy([judges('dry', pass, 'dry-run'), judges('token', no, 'dry-run')]))
  assert.ok(one.granted === true && one.later)
  const judged = await one.later.hear(SAID)
  assert.deepEqual([judged.granted, judged.findings.length, [...held]], [true, 1, ['early']])
  one.permit.release()
  const two = await admitOrWait(connection(), policy())
  assert.ok(two.granted === true && two.later)
  two.permit.release()
  await two.later.hear(SAID)
  assert.equal(held.size, 0)
})

test('in a dry run nobody listens to who would not have come to speak', async () => {
  const { held, policy } = waitingRoute('dry-run')
  const admission = await admitOrWait(connection(), policy(undefined, refuse('bad_request', 'no')))
  assert.ok(admission.granted === true)
  assert.deepEqual([admission.later, admission.findings.length], [undefined, 1])
  admission.permit.release()
  assert.equal(held.size, 0)
})

test('who shows a token in his handshake is judged at once, and so is everybody by admit', async () => {
  const shown = waitingRoute('enforce', false)
  assert.equal((await admitOrWait(connection(), shown.policy())).granted, true)
  const asked = waitingRoute('enforce')
  assert.equal((await admit(connection(), asked.policy())).granted, true)
  assert.deepEqual([shown.ran, asked.ran], [['all'], ['all']])
})
