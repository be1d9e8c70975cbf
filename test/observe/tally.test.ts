import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Gathered, Tally } from '../../src/observe/tally.ts'

const NAMES = ['route', 'type', 'result'] as const

test('a tally counts each set of labels, in the order of the first', () => {
  const tally = new Tally(NAMES)
  tally.add('b', 'direct', 'success')
  tally.add('a', 'direct', 'success', 3)
  tally.add('b', 'direct', 'success')
  tally.add('a', 'iframe', 'success', 0)
  assert.deepEqual(
    [...tally.rows()],
    [
      { labels: { route: 'b', type: 'direct', result: 'success' }, count: 2 },
      { labels: { route: 'a', type: 'direct', result: 'success' }, count: 3 },
      { labels: { route: 'a', type: 'iframe', result: 'success' }, count: 0 },
    ],
  )
})

test('a tally tells any first label from any other', () => {
  const word = fc.constantFrom('direct', 'iframe')
  const first = fc.string({ unit: fc.constantFrom('\n', 'direct', 'iframe', 'a'), maxLength: 4 })
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(first, word, word), { selector: (labels) => JSON.stringify(labels) }),
      (all) => {
        const tally = new Tally(NAMES)
        for (const [route, type, result] of all) tally.add(route, type, result)
        const rows = [...tally.rows()].map(({ labels, count }) => [labels.route, labels.type, labels.result, count])
        assert.deepEqual(
          rows,
          all.map((labels) => [...labels, 1]),
        )
      },
    ),
  )
})

test('gathered: every number is handed on once, in order, however many there are', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(600), { maxLength: 5 }), (parts) => {
      const taken: number[] = []
      const gathered = new Gathered((value) => taken.push(value))
      let next = 0
      for (const part of parts) {
        for (let index = 0; index < part; index++) gathered.add(next++ / 8)
        gathered.hand()
      }
      gathered.hand()
      assert.deepEqual(
        taken,
        Array.from({ length: next }, (_, index) => index / 8),
      )
    }),
  )
})
