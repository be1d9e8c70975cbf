import assert from 'node:assert/strict'
import { test } from 'node:test'
import { valueSource } from '../../src/checks/value.ts'
import { connection } from '../support/connection.ts'
import { read } from '../support/read-setting.ts'

const all = valueSource('param', 'query', 'header', 'cookie', 'claim')

const full = connection({
  target: '/ws/a%20b?q=1%202&q=3',
  headers: { 'X-Parent': ['first', 'second'], Cookie: 'a="b"' },
  learned: {
    params: new Map([
      ['id', 'a%20b'],
      ['bad', '%zz'],
    ]),
    claims: { n: 7, t: 'x', yes: true, list: [1], none: null },
  },
})

const CASES: [source: string, value: string | undefined][] = [
  ['param:id', 'a b'],
  ['param:bad', '%zz'],
  ['param:other', undefined],
  ['query:q', '1 2'],
  ['query:other', undefined],
  ['header:X-PARENT', 'first'],
  ['header:other', undefined],
  ['cookie:a', 'b'],
  ['cookie:other', undefined],
  ['claim:n', '7'],
  ['claim:t', 'x'],
  ['claim:yes', 'true'],
  ['claim:list', undefined],
  ['claim:none', undefined],
  ['claim:other', undefined],
]

for (const [source, value] of CASES) {
  test(`${source} of a connection`, () => assert.equal(all.parse(source).read(full), value))
}

test('a claim beyond 2^53 is no key: the limit by it refuses rather than count two users as one', () => {
  const claims: Record<string, unknown> = JSON.parse('{"big":1234567890123456789}')
  assert.throws(
    () => all.parse('claim:big').read(connection({ learned: { claims } })),
    /claim big is an integer beyond/,
  )
})

test('a misspelt kind is named', () => {
  const expected = 'Error: expected param:NAME or query:NAME, did you mean "query:…"?'
  assert.equal(read(valueSource('param', 'query'), 'qurey:x'), expected)
})

test('of a connection that has none', () => {
  for (const [source] of CASES) assert.equal(all.parse(source).read(connection()), undefined)
})

test('a source that is none is an error that says which there are', () => {
  const expected = 'Error: expected param:NAME or query:NAME'
  for (const text of ['id', 'param:', ':id', 'header:x', 'constructor:x']) {
    assert.equal(read(valueSource('param', 'query'), text), expected, text)
  }
})
