import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Revocation } from '../../src/tokens/revocation.ts'
import { RevocationFile, readRevocationFile } from '../../src/tokens/revocation-file.ts'
import { type Bearer, Revocations } from '../../src/tokens/revocations.ts'

const token = (jti?: string, user?: string, issuedAt?: number) => ({ jti, user, issuedAt })

/** Whether a list of one revokes a token at 100. */
function isRevoked(revocation: Revocation, of: ReturnType<typeof token>, bearer: Bearer = 'newcomer'): boolean {
  const list = new Revocations()
  list.add(revocation, 0)
  return list.find(of, bearer, 100) !== undefined
}

const CASES: [name: string, revocation: Revocation, token: ReturnType<typeof token>, revoked: boolean][] = [
  ['its jti', { jti: 'a' }, token('a', 'u', 1), true],
  ['another jti', { jti: 'a' }, token('b', 'u', 1), false],
  ['no jti', { jti: 'a' }, token(undefined, 'u', 1), false],
  ['its user', { user: 'u' }, token('a', 'u', 1), true],
  ['a user of the name of a jti', { jti: 'u' }, token('a', 'u', 1), false],
  ['a jti that spells another id', { user: 'u' }, token('user:u', 'v', 1), false],
  ['before', { issuedBefore: 50 }, token('a', 'u', 49), true],
  ['at', { issuedBefore: 50 }, token('a', 'u', 50), false],
  ['without a moment', { issuedBefore: 50 }, token('a', 'u'), true],
  ['of the user, before', { user: 'u', issuedBefore: 50 }, token('a', 'u', 49), true],
  ['of the user, after', { user: 'u', issuedBefore: 50 }, token('a', 'u', 51), false],
  ['of another user, before', { user: 'v', issuedBefore: 50 }, token('a', 'u', 49), false],
  ['over', { jti: 'a', until: 100 }, token('a'), false],
  ['not over', { jti: 'a', until: 101 }, token('a'), true],
]

for (const [name, revocation, of, revoked] of CASES) {
  test(`revoked: ${name}`, () => assert.equal(isRevoked(revocation, of), revoked))
}

test('a refreshed token is revoked for who comes, and not for who is there', () => {
  assert.equal(isRevoked({ jti: 'a', refreshed: true }, token('a'), 'newcomer'), true)
  assert.equal(isRevoked({ jti: 'a', refreshed: true }, token('a'), 'open'), false)
})

test('two of the same add up', () => {
  const list = new Revocations()
  list.add({ user: 'u', issuedBefore: 50, until: 500 }, 0)
  assert.deepEqual(list.add({ user: 'u', issuedBefore: 30, until: 200 }, 0), {
    id: 'issuedBefore:u',
    user: 'u',
    issuedBefore: 50,
    until: 500,
  })
  list.add({ jti: 'a', refreshed: true }, 0)
  assert.deepEqual(list.add({ jti: 'a', until: 5 }, 0), { id: 'jti:a', jti: 'a' })
  assert.equal(list.size, 2)
  assert.deepEqual(list.add({ user: 'u', issuedBefore: 30, until: 900 }, 600).issuedBefore, 30)
})

test('what is over is forgotten, and what is taken back', () => {
  const list = new Revocations()
  list.add({ jti: 'a', until: 100 }, 0)
  list.add({ jti: 'b' }, 0)
  assert.equal(list.list(100).length, 1)
  list.find(token('a'), 'newcomer', 100)
  assert.equal(list.size, 1)
  assert.deepEqual([list.delete('jti:b'), list.delete('jti:b')], [true, false])
})

test('the end of a token that became known is that of its revocation', () => {
  const list = new Revocations()
  for (const one of [{ jti: 'a' }, { jti: 'b', until: 900 }, { user: 'u' }]) list.add(one, 0)
  for (const id of ['jti:a', 'jti:b', 'user:u', 'jti:c']) list.endsAt(id, 500)
  const ends = Object.fromEntries(list.list(0).map(({ id, until }) => [id, until]))
  assert.deepEqual(ends, { 'jti:a': 500, 'jti:b': 900, 'user:u': undefined })
})

test('where it is full the one that ends first goes, the oldest of those, and that is told once', () => {
  let told = 0
  const list = new Revocations(3, () => told++)
  for (const [jti, until] of [
    ['a', 900],
    ['b', 200],
    ['c', undefined],
    ['d', 500],
    ['e', undefined],
  ] as const) {
    list.add({ jti, ...(until === undefined ? {} : { until }) }, 0)
  }
  assert.deepEqual(
    list.list(0).map(({ jti }) => jti),
    ['a', 'c', 'e'],
  )
  assert.equal(told, 1)
  list.delete('jti:a')
  list.add({ jti: 'f' }, 0)
  for (const jti of ['g', 'h']) list.add({ jti }, 0)
  assert.equal(told, 2)
  // What is over makes room first, and nothing had to go.
  const other = new Revocations(2, () => told++)
  for (const [jti, until] of [
    ['a', 10],
    ['b', 900],
    ['c', 900],
  ] as const)
    other.add({ jti, until }, 50)
  assert.deepEqual([other.size, told], [2, 2])
})

test('the one that was just made is in force, however soon it ends', () => {
  const list = new Revocations(2)
  for (const [jti, until] of [
    ['a', 500],
    ['b', 900],
    ['c', 100],
  ] as const)
    list.add({ jti, until }, 0)
  assert.deepEqual(
    list.list(0).map(({ jti }) => jti),
    ['b', 'c'],
  )
})

test('a file: the same text is the same, and what is too much is left out', () => {
  assert.equal(JSON.stringify(new RevocationFile('a\n')), JSON.stringify(new RevocationFile('a\n')))
  assert.notEqual(JSON.stringify(new RevocationFile('a\n')), JSON.stringify(new RevocationFile('b\n')))
  const lines = Array.from({ length: 100_002 }, (_, index) => `{"jti":"${index}","until":${1e9 + index}}`)
  const { list, leftOut } = new RevocationFile(lines.join('\n'))
  assert.deepEqual([list.size, leftOut], [100_000, 2])
  assert.equal(list.find(token('1'), 'newcomer', 0), undefined)
  assert.ok(list.find(token('2'), 'newcomer', 0))
})

test('a text that is in use is not read again', () => {
  const first = readRevocationFile('a\nb\n')
  assert.equal(readRevocationFile('a\nb\n'), first)
  assert.notEqual(readRevocationFile('a\n'), first)
  assert.throws(() => readRevocationFile('a b\n'), /line 1/)
  assert.throws(() => readRevocationFile('a b\n'), /line 1/)
})

const text = fc.constantFrom('a', 'b', 'c')
const moment = fc.integer({ min: 0, max: 5 })
const revocations: fc.Arbitrary<Revocation> = fc.oneof(
  fc.record({ jti: text, until: moment }),
  fc.record({ user: text }),
  fc.record({ user: text, issuedBefore: moment, until: moment }),
  fc.record({ issuedBefore: moment }),
)

test('a list revokes what any of its revocations does', () => {
  const tokens = fc.record({
    jti: fc.option(text, { nil: undefined }),
    user: fc.option(text, { nil: undefined }),
    issuedAt: moment,
  })
  fc.assert(
    fc.property(fc.array(revocations, { maxLength: 6 }), tokens, moment, (all, of, now) => {
      const list = new Revocations()
      for (const one of all) list.add(one, 0)
      const naive = all.some(({ jti, user, issuedBefore, until = 9 }) => {
        const isWhose = jti === undefined ? user === undefined || user === of.user : jti === of.jti
        return isWhose && (issuedBefore === undefined || of.issuedAt < issuedBefore) && until > now
      })
      // Two of the same add up, so it may revoke more than each by itself, and never less.
      const found = list.find(of, 'newcomer', now) !== undefined
      assert.ok(found || !naive)
      const kinds = new Set(
        all.map(({ jti, user, issuedBefore }) => JSON.stringify([jti, user, issuedBefore !== undefined])),
      )
      if (kinds.size === all.length) assert.equal(found, naive)
    }),
  )
})
