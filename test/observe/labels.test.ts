import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capLabel } from '../../src/observe/labels.ts'

test('capLabel: 1,000 origins give 100 labels and other', () => {
  const label = capLabel()
  const labels = new Set(Array.from({ length: 1000 }, (_, index) => label(`https://${index}.example`)))
  assert.equal(labels.size, 101)
  assert.ok(labels.has('other'))
})

test('capLabel: what was seen in time keeps its label', () => {
  const label = capLabel(1)
  assert.deepEqual([label('a'), label('b'), label('a')], ['a', 'other', 'a'])
})

test('capLabel: two labels do not share their set', () => {
  const [first, second] = [capLabel(1), capLabel(1)]
  assert.deepEqual([first('a'), second('b')], ['a', 'b'])
})

test('capLabel: values that are the same bytes on the wire are one label', () => {
  const label = capLabel(1)
  assert.deepEqual([label('\ud800'), label('\ud801')], ['\uFFFD', '\uFFFD'])
})
