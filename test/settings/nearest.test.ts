import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nearest } from '../../src/settings/nearest.ts'

const KNOWN = ['upstream', 'listen', 'mode', 'dry-run', 'enforce', 'token', 'WS_LISTEN', 'closeCodes']

const CASES: [name: string, expected: string | undefined][] = [
  ['upstrem', 'upstream'],
  ['upstraem', 'upstream'],
  ['dryrun', 'dry-run'],
  ['dry_run', 'dry-run'],
  ['Listen', 'listen'],
  ['listne', 'listen'],
  ['closecodes', 'closeCodes'],
  ['WS_LISTEM', 'WS_LISTEN'],
  ['tok', undefined],
  ['zzz', undefined],
  ['', undefined],
  ['x'.repeat(10_000), undefined],
]

for (const [name, expected] of CASES) {
  test(`nearest of ${name.slice(0, 20)}`, () => assert.equal(nearest(name, KNOWN), expected))
}

test('a known name is nearest to itself', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 80 }), { minLength: 1 }), (names) => {
      const name = names[0] ?? ''
      assert.equal(nearest(name, names)?.toLowerCase(), name.toLowerCase())
    }),
  )
})

test('one typing mistake in a word of six letters is found', () => {
  const word = fc.stringMatching(/^[a-z]{6,20}$/)
  fc.assert(
    fc.property(word, fc.nat(19), (name, at) => {
      const without = name.slice(0, at % name.length) + name.slice((at % name.length) + 1)
      assert.equal(nearest(without, [name]), name)
    }),
  )
})
