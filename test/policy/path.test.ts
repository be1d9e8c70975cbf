import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compilePath, paramNames } from '../../src/policy/path.ts'

const CASES: [pattern: string, path: string, params: Record<string, string> | undefined][] = [
  ['/*', '/', {}],
  ['/*', '/a/b', {}],
  ['/*', '//', {}],
  ['/ws', '/ws', {}],
  ['/ws', '/ws/', undefined],
  ['/ws', '/WS', undefined],
  ['/ws', '/wsx', undefined],
  ['/ws', '/ws/x', undefined],
  ['/ws/*', '/ws/', {}],
  ['/ws/*', '/ws/a/b', {}],
  ['/ws/*', '/ws', undefined],
  ['/ws/*', '/wsx/', undefined],
  ['/ws/:id', '/ws/7', { id: '7' }],
  ['/ws/:id', '/ws/', undefined],
  ['/ws/:id', '/ws', undefined],
  ['/ws/:id', '/ws/7/', undefined],
  ['/ws/:id', '/ws/%2F', { id: '%2F' }],
  ['/ws/:id/*', '/ws/7/', { id: '7' }],
  ['/ws/:id/*', '/ws/7', undefined],
  ['/:a/x/:b', '/1/x/2', { a: '1', b: '2' }],
  ['/:a/x/:b', '/1/y/2', undefined],
  ['/a.b', '/axb', undefined],
  ['/a%20b', '/a%20b', {}],
  ['/a%20b', '/a b', undefined],
  ['/', '/', {}],
  ['/', '', undefined],
  ['/*', '', undefined],
  ['/*', '*', undefined],
  ['/:constructor', '/x', { constructor: 'x' }],
]

for (const [pattern, path, expected] of CASES) {
  test(`${pattern} and ${path}`, () => {
    const params = compilePath(pattern)(path)
    assert.deepEqual(params && Object.fromEntries(params), expected)
  })
}

const BAD: [pattern: string, message: RegExp][] = [
  ['ws', /begins with \//],
  ['', /begins with \//],
  ['/a*', /\* may only be the whole last segment/],
  ['/*/b', /\* may only be the whole last segment/],
  ['/:', /a name has letters/],
  ['/:a-b', /a name has letters/],
  ['/:1a', /a name has letters/],
  ['/:a/:a', /stands twice/],
  ['/a?b', /queries are not matched/],
  ['/a#b', /queries are not matched/],
  ['/a b', /no \?, # or blank/],
]

for (const [pattern, message] of BAD) {
  test(`no path: ${JSON.stringify(pattern)}`, () => assert.throws(() => compilePath(pattern), { message }))
}

test('the names of a path', () => {
  assert.deepEqual(paramNames('/a/:room/b/:user_2/*'), ['room', 'user_2'])
  assert.deepEqual(paramNames('/a:b/*'), [])
})

/** The same question put to a regular expression. */
function oracle(pattern: string, path: string): boolean {
  const source = pattern
    .split('/')
    .map((segment) => (segment === '*' ? '.*' : segment.startsWith(':') ? '[^/]+' : segment.replace(/\./g, '\\.')))
    .join('/')
  return new RegExp(`^${source}$`, 's').test(path)
}

const LITERAL = fc.constantFrom('a', 'b', 'ws', 'a.b', '')
const PATTERN = fc
  .tuple(fc.array(fc.oneof(LITERAL, fc.constantFrom(':x')), { maxLength: 4 }), fc.constantFrom('', '/*'))
  .map(([segments, rest]) => {
    let count = 0
    const named = segments.map((segment) => (segment === ':x' ? `:x${count++}` : segment))
    return `/${named.join('/')}${rest}`
  })
const PATH = fc
  .array(fc.constantFrom('a', 'b', 'ws', 'a.b', 'axb', '', 'A', '%2f'), { maxLength: 6 })
  .map((segments) => `/${segments.join('/')}`)

test('property: as a regular expression would match', () => {
  fc.assert(
    fc.property(PATTERN, PATH, (pattern, path) => {
      assert.equal(compilePath(pattern)(path) !== undefined, oracle(pattern, path))
    }),
    { numRuns: 2000 },
  )
})
