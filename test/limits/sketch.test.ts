import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Sketch } from '../../src/limits/sketch.ts'

test('two cells or more for each key, in four rows of eight bytes', () => {
  for (const [max, cells] of [
    [1, 2],
    [1000, 2048],
    [1024, 2048],
    [10_000, 32_768],
  ] as const) {
    assert.equal(new Sketch(max, [1, 2]).bytes, 4 * 8 * cells)
  }
})

test('property: never let in too early, whatever else is remembered', () => {
  const entry = fc.tuple(fc.integer({ min: 0, max: 40 }).map(String), fc.integer({ min: 0, max: 1000 }))
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 200, size: 'max' }), fc.nat(), (entries, seed) => {
      const sketch = new Sketch(8, [seed, 7])
      for (const [key, until] of entries) sketch.remember(key, until)
      for (const [key, until] of entries) assert.ok(sketch.until(key) >= until)
    }),
  )
})

test('what was never remembered is limited in the share that is stated', () => {
  const max = 2000
  const cells = 4096
  const strangers = 40_000
  for (const remembered of [500, 2000, 4096, 8192]) {
    const sketch = new Sketch(max, [11, 22])
    for (let index = 0; index < remembered; index++) sketch.remember(`198.51.${index >> 8}.${index & 255}`, 60_000)
    let limited = 0
    for (let index = 0; index < strangers; index++) if (sketch.until(`stranger ${index}`) > 0) limited++
    const stated = (1 - Math.exp(-remembered / cells)) ** 4
    const share = limited / strangers
    assert.ok(
      share <= stated * 1.25 + 0.001 && share >= stated * 0.75 - 0.001,
      `${share} of ${stated} at ${remembered}`,
    )
  }
})
