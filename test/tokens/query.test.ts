import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeFully, duplicateNames, queryValue } from '../../src/tokens/query.ts'

const NAMES = ['site_token', 'parent_origin']

const TABLE: readonly [string, string | undefined][] = [
  ['', undefined],
  ['site_token=1&parent_origin=2&x=3&x=4', undefined],
  ['site_token=1&site_token=1', 'site_token'],
  ['a=1&parent_origin=1&b=2&parent_origin', 'parent_origin'],
  ['site_token=1&site%5Ftoken=2', 'site_token'],
  ['site_token=1&site%5ftoken=2', 'site_token'],
  ['site_token=1&site%255Ftoken=2', 'site_token'],
  ['site_token=1&%73%69%74%65_token=2', 'site_token'],
  ['site_token=1&Site_Token=2', 'site_token'],
  ['site_token=1&site_token[]=2', 'site_token'],
  ['site_token=1&site_token[0]=2', 'site_token'],
  ['site_token=1&site_token%5B%5D=2', 'site_token'],
  ['site_token=1&site_token[a][b]=2', 'site_token'],
  ['site_token=1&site_token.=2', 'site_token'],
  ['site_token=1&site_token%2e=2', 'site_token'],
  ['site_token=1&+site_token=2', 'site_token'],
  ['site_token=1&site_token%20=2', 'site_token'],
  ['site_token=1&site_token%00x=2', 'site_token'],
  ['site_token=1&%zz&site_token%=2', undefined],
  ['site_token[]=1&site_token[]=2', 'site_token'],
  ['x=1;site_token=1&site_token=2', 'site_token'],
  ['site_token=1&site_tokens=2&my_site_token=3', undefined],
  ['site_token=site_token&x=site_token=1', undefined],
]

describe('a name stands more than once', () => {
  for (const [query, expected] of TABLE) test(query, () => assert.equal(duplicateNames(query, NAMES), expected))

  test('a name that begins with another is its own', () => {
    assert.equal(duplicateNames('a=1&a.b=2', ['a', 'a.b']), undefined)
    assert.equal(duplicateNames('a=1&a.c=2', ['a', 'a.b']), 'a')
  })

  test('found under any pile of disguises, as a count of what was disguised says', () => {
    const encoded = (text: string) => text.replace(/[^%]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)
    const disguise = fc.constantFrom<(name: string) => string>(
      (name) => name,
      (name) => name.toUpperCase(),
      (name) => `${name}[]`,
      (name) => `${name}[7]`,
      (name) => `${name}.`,
      (name) => `${name}.x`,
      (name) => `+${name}`,
      encoded,
      (name) => encoded(name).replaceAll('%', '%25'),
    )
    const piece = fc.record({
      name: fc.constantFrom(...NAMES, 'other', 'site', 'token_site', ''),
      disguises: fc.array(disguise, { maxLength: 1 }),
      rest: fc.constantFrom('', '=', '=1', '=site_token', '=%26'),
    })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
        const query = pieces
          .map(({ name, disguises, rest }) => disguises.reduce((text, disguised) => disguised(text), name) + rest)
          .join('&')
        const twice = NAMES.filter((name) => pieces.filter((other) => other.name === name).length > 1)
        const found = duplicateNames(query, NAMES)
        assert.equal(found !== undefined, twice.length > 0, query)
        if (found !== undefined) assert.ok(twice.includes(found), query)
      }),
    )
  })
})

test('decoding ends, in time, whatever is decoded', () => {
  assert.equal(decodeFully(`%${'25'.repeat(3)}41`), 'A')
  assert.equal(decodeFully('%zz%4'), '%zz%4')
  const started = process.hrtime.bigint()
  decodeFully(`%${'25'.repeat(8_000)}41`)
  duplicateNames('%25&'.repeat(4_000), NAMES)
  assert.ok(process.hrtime.bigint() - started < 1_000_000_000n)
})

test('a value is the first of its name, decoded once', () => {
  assert.equal(queryValue('a=1&b=x%2By+z&b=2', 'b'), 'x+y z')
  assert.equal(queryValue('a', 'a'), '')
  assert.equal(queryValue('a=1', 'b'), undefined)
})
