import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cookieNames, cookieValue, cookieValues } from '../../src/tokens/cookies.ts'

test('names and values of all lines, in order', () => {
  const lines = ['a=1; b="2";;c', ' a = 3 ;__proto__=x']
  assert.deepEqual(cookieNames(lines), ['a', 'b', 'a', '__proto__'])
  assert.deepEqual(cookieValues(lines, 'a'), ['1', '3'])
  assert.equal(cookieValue(lines, 'b'), '2')
  assert.equal(cookieValue(lines, 'c'), undefined)
  assert.equal(cookieValue(['q="'], 'q'), '"')
})
