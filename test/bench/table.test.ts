import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GOALS } from '../../bench/goals.ts'
import { RIVALS } from '../../bench/peers/index.ts'
import { MEASURES, SCENARIOS, seriesOf } from '../../bench/scenarios.ts'
import { isReached, outcomes, rows } from '../../bench/table.ts'
import { RESULTS, sample } from './results.ts'

const measure = (id: string) => MEASURES.find((one) => one.id === id) ?? assert.fail(id)

test('the figures of a peer have a place for each round, empty where it failed or did not run', () => {
  const samples = [
    sample('handshake', 'nginx', 0, { cpu_us_per_hs: 50 }),
    sample('handshake', 'nginx', 1, { ok: false, cpu_us_per_hs: 1 }),
    sample('handshake', 'haproxy', 2, { cpu_us_per_hs: 70 }),
  ]
  assert.deepEqual(seriesOf(samples, measure('handshake'), 'nginx'), [50, undefined, undefined])
})

test('added latency is what goes beyond the run without a proxy, of the same round', () => {
  const samples = [
    sample('latency', 'direct', 0, { p50_us: 30, p99_us: 90 }),
    sample('latency', 'nginx', 0, { p50_us: 50, p99_us: 200 }),
    sample('latency', 'nginx', 1, { p50_us: 55, p99_us: 210 }),
  ]
  assert.deepEqual(seriesOf(samples, measure('latency-p50'), 'nginx'), [20, undefined])
  assert.deepEqual(seriesOf(samples, measure('latency-p99'), 'nginx'), [110, undefined])
})

test('a row holds the peers that were measured', () => {
  const [row, ...more] = rows(RESULTS)
  assert.deepEqual(more, [])
  assert.deepEqual(
    row?.cells.map(({ peer, spread }) => [peer.id, spread.median]),
    [
      ['nginx', 55],
      ['wsluice', 97.5],
    ],
  )
})

test('a goal is kept by the median of the ratios of each round', () => {
  const [first, second] = outcomes(RESULTS).filter(({ goal }) => goal.measure === 'handshake')
  assert.deepEqual(first?.ratio, { median: 1.75, least: 1.5, most: 2 })
  assert.equal(first && isReached(first), true)
  assert.equal(second?.ratio, undefined)
  assert.equal(second && isReached(second), undefined)
})

test('a median above the goal does not keep it', () => {
  const [first] = outcomes({ ...RESULTS, samples: RESULTS.samples.slice(2).map((one) => ({ ...one, round: 0 })) })
    .filter(({ goal }) => goal.measure === 'handshake')
    .map((one) => ({ ...one, goal: { ...one.goal, most: 1.9 } }))
  assert.equal(first && isReached(first), false)
})

test('every goal names a measure and a peer that its scenario runs against', () => {
  const known = [...RIVALS.map(({ id }) => id), 'wsluice']
  for (const goal of GOALS) {
    const scenario = SCENARIOS.find(({ measures }) => measures.some(({ id }) => id === goal.measure))
    assert.ok(scenario, goal.measure)
    assert.ok(known.includes(goal.peer), goal.peer)
    assert.ok(scenario.peers?.includes(goal.peer) ?? true, `${goal.measure} is not run against ${goal.peer}`)
  }
})

test('no two measures share an id: they name files', () => {
  assert.equal(new Set(MEASURES.map(({ id }) => id)).size, MEASURES.length)
})

test('what is promised of another of ours is compared with the first, once', () => {
  const samples = [
    sample('pingpong-32', 'wsluice', 0, { cpu_us_per_fwd: 4 }),
    sample('pingpong-32', 'wsluice-workers', 0, { cpu_us_per_fwd: 5 }),
  ]
  const peers = ['wsluice', 'wsluice-workers'].map((id) => ({ id, label: id, about: '', version: '1' }))
  const results = { ...RESULTS, peers, samples }
  const found = (ours?: string) => outcomes(results, ours).filter(({ goal }) => goal.of !== undefined)
  const [first] = found()
  assert.equal(first?.against, 'wsluice, by wsluice-workers')
  assert.equal(first?.ratio?.median, 1.25)
  assert.deepEqual(found('wsluice-portable'), [])
})
