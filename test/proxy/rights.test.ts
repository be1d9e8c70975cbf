/** The rights of open connections to stay, on a clock that is moved by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Step, StepMode } from '../../src/policy/check.ts'
import { withoutHandshake } from '../../src/policy/connection.ts'
import type { Finding } from '../../src/policy/finding.ts'
import { pass, refuse, type Verdict } from '../../src/policy/verdict.ts'
import { Rights } from '../../src/proxy/rights.ts'
import { Sweep } from '../../src/proxy/sweep.ts'
import { Wheel } from '../../src/proxy/wheel.ts'
import { connection } from '../support/connection.ts'
import { eventually } from '../support/upgrades.ts'

const EVERY = 300_000

/** Rights of a connection, and what was concluded of it. */
function holding(
  judge: () => Verdict | Promise<Verdict>,
  mode: StepMode = 'enforce',
  needs: Step['needs'] = [],
  of = connection(),
) {
  const state = { clock: 0 }
  const wheel = new Wheel(50, 0)
  const findings: Finding[] = []
  const asked: number[] = []
  const step: Step = {
    check: 'authorize',
    mode,
    needs,
    judge: () => {
      asked.push(state.clock)
      return judge()
    },
    recheckMs: EVERY,
  }
  const standing = { check: 'token', mode, judge: () => judge() as Verdict }
  const route = { steps: [step], standing: [standing] }
  const context = { wheel, clock: () => state.clock, now: () => state.clock }
  const rights = new Rights(route, { connection: of }, { conclude: (finding) => findings.push(finding) }, context)
  const advance = async (ms: number, step_ = 1000) => {
    for (const end = state.clock + ms; state.clock < end; ) {
      state.clock += step_
      wheel.tick(state.clock)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { rights, route, wheel, findings, asked, advance, state }
}

test('it is asked about every five minutes, a quarter more or less', async () => {
  const { asked, advance } = holding(() => pass)
  await advance(10 * EVERY, 5000)
  assert.ok(asked.length >= 8 && asked.length <= 13, `${asked.length} times`)
  for (const [index, at] of asked.entries()) {
    const since = at - (asked[index - 1] ?? 0)
    assert.ok(since >= EVERY * 0.75 - 5000 && since <= EVERY * 1.25 + 5000, `${since} ms`)
  }
})

test('a refusal is concluded, and once over nothing is left', async () => {
  const { rights, findings, wheel, advance } = holding(() => refuse('access_denied', 'no'))
  await advance(1.5 * EVERY, 5000)
  assert.deepEqual(
    findings.map(({ check, reason, counted }) => [check, reason, counted]),
    [['authorize', 'access_denied', true]],
  )
  rights.stop()
  assert.equal(wheel.size, 0)
})

const BROKEN = (): Verdict => {
  throw new Error('broken')
}

test('what fails, or throws, ends nothing', async () => {
  const outcomes = [() => refuse('internal_error', 'down'), BROKEN]
  for (const outcome of outcomes) {
    const { rights, findings, asked, advance } = holding(outcome)
    rights.judge()
    await advance(3 * EVERY, 5000)
    assert.ok(asked.length >= 2)
    assert.deepEqual(findings, [])
  }
})

test('a dry run says it once', async () => {
  const { rights, findings, advance } = holding(() => refuse('token_revoked', 'no'), 'dry-run')
  rights.judge()
  rights.judge()
  await advance(3 * EVERY, 5000)
  assert.deepEqual(
    findings.map(({ check, counted }) => [check, counted]),
    [
      ['token', false],
      ['authorize', false],
    ],
  )
})

test('without the facts it needs it is not asked', async () => {
  const { asked, advance } = holding(() => pass, 'enforce', ['claims'])
  await advance(3 * EVERY, 5000)
  assert.deepEqual(asked, [])
})

test('a connection whose handshake was let go is not asked about; what needs no asking is judged', async () => {
  const { rights, route, findings, asked, advance } = holding(
    () => refuse('token_revoked', 'no'),
    'enforce',
    [],
    withoutHandshake(connection()),
  )
  rights.adopt(route)
  await advance(3 * EVERY, 5000)
  assert.deepEqual([asked, findings], [[], []])
  rights.judge()
  assert.deepEqual(
    findings.map(({ check }) => check),
    ['token'],
  )
})

test('reloads that come often put no question off', async () => {
  const { rights, route, asked, advance, wheel } = holding(() => pass)
  for (let count = 0; count < 100; count++) {
    rights.adopt(route)
    await advance(EVERY / 30, EVERY / 30)
  }
  assert.ok(asked.length >= 2, `${asked.length} times`)
  assert.equal(wheel.size, 1)
  rights.adopt({ steps: [] })
  assert.equal(wheel.size, 0)
})

test('an answer that comes after the end, or after a reload, concludes nothing', async () => {
  let answer = (_: Verdict) => {}
  const late = () => new Promise<Verdict>((resolve) => (answer = resolve))
  for (const end of ['stop', 'reload']) {
    const { rights, findings, wheel, advance } = holding(late)
    await advance(1.3 * EVERY, 5000)
    if (end === 'stop') rights.stop()
    else rights.adopt({ steps: [] })
    answer(refuse('access_denied', 'no'))
    await advance(5000)
    assert.deepEqual(findings, [])
    assert.equal(wheel.size, 0)
  }
})

test('a sweep judges all, and once more where it is asked for meanwhile', async () => {
  let judged = 0
  const rights = Array.from({ length: 1000 }, () => holding(() => pass).rights)
  const counted = rights.map((one) => Object.assign(Object.create(one), { judge: () => judged++ }))
  const sweep = new Sweep({ rights: () => counted })
  sweep.request()
  sweep.request()
  await eventually(() => judged >= 250, 'the first')
  sweep.request()
  await eventually(() => judged === 2000, 'the second')
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(judged, 2000)
})
