import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Silence } from '../../src/workers/silence.ts'

const speakers = (count: number) => Array.from({ length: count }, () => ({ wasHeard: true }))

test('who says nothing in six looks after one another is told of, once', () => {
  const [quiet, loud] = speakers(2) as [{ wasHeard: boolean }, { wasHeard: boolean }]
  const silence = new Silence()
  const found = Array.from({ length: 9 }, () => {
    loud.wasHeard = true
    return silence.look([quiet, loud]).map((one) => one === quiet)
  })
  assert.deepEqual(found, [[], [], [], [], [], [], [true], [], []])
})

test('a word in between is enough', () => {
  const [one] = speakers(1) as [{ wasHeard: boolean }]
  const silence = new Silence()
  for (let look = 0; look < 30; look++) {
    one.wasHeard = look % 6 === 0
    assert.deepEqual(silence.look([one]), [])
  }
})

test('who is not looked at for a while begins anew', () => {
  const [one] = speakers(1) as [{ wasHeard: boolean }]
  const silence = new Silence()
  for (let look = 0; look < 6; look++) silence.look([one])
  silence.look([])
  for (let look = 0; look < 5; look++) assert.deepEqual(silence.look([one]), [])
})
