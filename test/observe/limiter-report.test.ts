import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeReports } from '../../src/observe/limiter-report.ts'

const report = (name: string, tracked: number, keys: Record<string, number>) => ({
  name,
  tracked,
  evictions: tracked,
  limited: tracked,
  top: Object.entries(keys).map(([key, share]) => ({ key, share, events: share * 10 })),
})

test('of reports that know nearly the same the largest tells, key by key, and no key stands twice', () => {
  const merged = mergeReports(
    [[report('a', 2, { x: 1, y: 0.2 })], [report('a', 3, { x: 0.9, z: 0.5 }), report('b', 1, {})]],
    2,
  )
  assert.deepEqual(merged, [report('a', 3, { x: 1, z: 0.5 }), report('b', 1, {})])
})
