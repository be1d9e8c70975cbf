import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { digits, ratios, spreadOf } from '../../bench/statistics.ts'

test('the spread of nothing is nothing', () => assert.equal(spreadOf([]), undefined))

const SPREADS = [
  ['one value', [3], { median: 3, least: 3, most: 3 }],
  ['an odd number of values, in any order', [9, 1, 4], { median: 4, least: 1, most: 9 }],
  ['an even number of values: the middle of the two in the middle', [4, 1, 2, 9], { median: 3, least: 1, most: 9 }],
  ['values below zero', [-2, -10], { median: -6, least: -10, most: -2 }],
] as const

for (const [name, values, expected] of SPREADS) test(name, () => assert.deepEqual(spreadOf(values), expected))

test('the median lies between least and most, with as many values on either side', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
      const { median, least, most } = spreadOf(values) ?? assert.fail('no spread')
      assert.ok(least <= median && median <= most)
      assert.ok(values.filter((value) => value < median).length <= values.length / 2)
      assert.ok(values.filter((value) => value > median).length <= values.length / 2)
    }),
  )
})

const RATIOS = [
  ['round by round', [2, 6], [1, 2], [2, 3]],
  ['a round that we lack says nothing', [undefined, 6], [1, 2], [3]],
  ['a round that they lack says nothing', [2, 6], [1, undefined], [2]],
  ['fewer rounds of theirs', [2, 6], [1], [2]],
  ['a divisor that is zero or less says nothing', [2, 6, 1], [0, -2, 2], [0.5]],
] as const

for (const [name, ours, theirs, expected] of RATIOS) test(name, () => assert.deepEqual(ratios(ours, theirs), expected))

const DIGITS = [
  [0, '0'],
  [0.0123, '0.012'],
  [0.2789, '0.279'],
  [1.284, '1.28'],
  [9.999, '10.00'],
  [59.27, '59.3'],
  [1240.4, '1240'],
  [-4.213, '-4.21'],
] as const

for (const [value, text] of DIGITS) test(`${value} is shown as ${text}`, () => assert.equal(digits(value), text))
