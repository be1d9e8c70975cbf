import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeComponent, decodeFully, duplicateNames, nameMatcher, queryValue } from '../../src/tokens/query.ts'

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
  ['site_token=1&site.token=2', 'site_token'],
  ['site_token=1&site+token=2', 'site_token'],
  ['site_token=1&site%20token=2', 'site_token'],
  ['site_token=1&site[token=2', 'site_token'],
  ['site_token=1&site%5btoken[]=2', 'site_token'],
  ['site_token=1&Site.Token.x=2', 'site_token'],
  ['site_token=1&site-token=2&sitetoken=3&site.token.=4', 'site_token'],
  ['site_token=1&site-token=2&site..token=3&site_token_x=4', undefined],
  ['x=1;site_token=1&site_token=2', 'site_token'],
  ['site_token=1&site_tokens=2&my_site_token=3', undefined],
  ['site_token=site_token&x=site_token=1', undefined],
]

describe('a name stands more than once', () => {
  for (const [query, expected] of TABLE)
    test(query, () => assert.equal(duplicateNames(query, nameMatcher(NAMES)), expected))

  test('a name that begins with another is its own', () => {
    assert.equal(duplicateNames('a=1&a.b=2', nameMatcher(['a', 'a.b'])), undefined)
    assert.equal(duplicateNames('a=1&a.c=2', nameMatcher(['a', 'a.b'])), 'a')
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
        const found = duplicateNames(query, nameMatcher(NAMES))
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
  duplicateNames('%25&'.repeat(4_000), nameMatcher(NAMES))
  assert.ok(process.hrtime.bigint() - started < 1_000_000_000n)
})

/** How long a call takes in ms: the least of five, so that a busy machine does not count. */
function least(run: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const started = performance.now()
    run()
    return performance.now() - started
  })
  return Math.min(...times)
}

const LONG: [name: string, build: (size: number) => string, run: (query: string) => unknown][] = [
  ['a name of blanks', (size) => `a${'+'.repeat(size)}b=1`, (query) => duplicateNames(query, nameMatcher(NAMES))],
  ['a name of encoded blanks', (size) => `a${'%20'.repeat(size)}b=1`, (query) => nameMatcher(NAMES)(query)],
  ['malformed escapes', (size) => '%&'.repeat(size), (query) => queryValue(query, 'site_token')],
  ['escapes of no UTF-8', (size) => '%ff&'.repeat(size), (query) => queryValue(query, 'site_token')],
]

for (const [name, build, run] of LONG) {
  test(`ten times ${name} cost about ten times as much`, () => {
    const [short, long] = [build(4_000), build(40_000)]
    run(short)
    // Quadratic would be a hundred times.
    assert.ok(
      least(() => run(long)) <
        40 *
          Math.max(
            least(() => run(short)),
            0.05,
          ),
    )
  })
}

test('a component is decoded as decodeURIComponent does, and stays as it came where that throws', () => {
  const decoded = (raw: string) => {
    try {
      return decodeURIComponent(raw.replaceAll('+', ' '))
    } catch {
      return raw
    }
  }
  const piece = fc.constantFrom(
    '%',
    '%4',
    '41',
    '%C3%A9',
    '%c3',
    '%ED%A0%80',
    '%C0%AF',
    '%F0%9F%98%80',
    'é',
    '+',
    'a',
    '%00',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const raw = pieces.join('')
      assert.equal(decodeComponent(raw), decoded(raw))
    }),
    { numRuns: 500 },
  )
})

test('a value is the first of its name, decoded once', () => {
  assert.equal(queryValue('a=1&b=x%2By+z&b=2', 'b'), 'x+y z')
  assert.equal(queryValue('a', 'a'), '')
  assert.equal(queryValue('a=1', 'b'), undefined)
})
