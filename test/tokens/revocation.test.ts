import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Revocation, readRevocation, readRevocations } from '../../src/tokens/revocation.ts'

const SECOND_2000 = 946_684_800

const GOOD: [name: string, written: unknown, read: Revocation][] = [
  ['a token', { jti: 'a' }, { jti: 'a' }],
  ['until seconds', { jti: 'a', until: SECOND_2000 }, { jti: 'a', until: SECOND_2000 * 1000 }],
  ['until a date', { user: 'u', until: '2000-01-01T01:00+01:00' }, { user: 'u', until: SECOND_2000 * 1000 }],
  ['a part of a second', { issuedBefore: 1.5 }, { issuedBefore: 1500 }],
  ['of a user', { user: 'u', issuedBefore: '2000-01-01T00:00:00.5Z' }, { user: 'u', issuedBefore: 946_684_800_500 }],
  ['refreshed', { jti: 'a', refreshed: true }, { jti: 'a', refreshed: true }],
  ['not refreshed', { jti: 'a', refreshed: false }, { jti: 'a' }],
]

for (const [name, written, read] of GOOD) {
  test(`a revocation: ${name}`, () => assert.deepEqual(readRevocation(written), read))
}

const BAD: [name: string, written: unknown, message: RegExp][] = [
  ['a text', 'jti', /as an object/],
  ['null', null, /as an object/],
  ['a list', [{ jti: 'a' }], /as an object/],
  ['nothing', {}, /expected one of/],
  ['only an end', { until: 1 }, /expected one of/],
  ['a token and a user', { jti: 'a', user: 'u' }, /expected one of/],
  ['a token and a moment', { jti: 'a', issuedBefore: 1 }, /expected one of/],
  ['an unknown key', { jti: 'a', Until: 1 }, /unknown key: this takes jti, user/],
  ['a key of every object', JSON.parse('{"__proto__":{"jti":"a"}}'), /unknown key/],
  ['an empty token', { jti: '' }, /jti: expected a text/],
  ['a number for a token', { jti: 7 }, /jti: expected a text/],
  ['a long user', { user: 'u'.repeat(513) }, /user: expected a text/],
  ['milliseconds', { jti: 'a', until: SECOND_2000 * 1000 * 200 }, /until: expected a date/],
  ['a negative moment', { issuedBefore: -1 }, /issuedBefore: expected a date/],
  ['no number', { issuedBefore: Number.NaN }, /issuedBefore: expected a date/],
  ['a date without a zone', { jti: 'a', until: '2000-01-01T00:00:00' }, /until: expected a date/],
  ['a day', { jti: 'a', until: '2000-01-01' }, /until: expected a date/],
  ['no date', { jti: 'a', until: '2000-99-01T00:00:00Z' }, /until: expected a date/],
  ['a refreshed user', { user: 'u', refreshed: true }, /refreshed: is of one token/],
  ['a word for refreshed', { jti: 'a', refreshed: 'yes' }, /refreshed: expected true or false/],
]

for (const [name, written, message] of BAD) {
  test(`no revocation: ${name}`, () => assert.throws(() => readRevocation(written), message))
}

test('a list: an array, or lines', () => {
  const read = [{ jti: 'a' }, { user: 'u' }]
  assert.deepEqual(readRevocations(' [{"jti":"a"},{"user":"u"}]'), read)
  assert.deepEqual(readRevocations('# mine\n\na\r\n  {"user":"u"}  \n'), read)
  assert.deepEqual(readRevocations(''), [])
})

for (const [text, message] of [
  ['[{"jti":"secret"},{}]', /^entry 2: expected one of/],
  ['[{"jti":"secret"', /^is not JSON$/],
  ['secret\nb c\n', /^line 2: expected a jti, or a JSON object$/],
  ['{"jti":"secret}\n', /^line 1: is not JSON$/],
] as const) {
  test(`no list: ${text.trim()}`, () => {
    assert.throws(
      () => readRevocations(text),
      (error: Error) => message.test(error.message) && !error.message.includes('secret'),
    )
  })
}

test('whatever a file holds, it is read, or an error says why', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        assert.ok(Array.isArray(readRevocations(text)))
      } catch (error) {
        assert.ok(error instanceof Error && error.message.length < 200)
      }
    }),
  )
})
