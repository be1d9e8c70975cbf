import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileExpression } from '../../src/messages/expression.ts'

test('the parts that match, in order', () => {
  const { test: matches, find } = compileExpression('sk-[a-z]+')
  assert.deepEqual(find('a sk-b, sk-cd.'), [
    [2, 6],
    [8, 13],
  ])
  assert.deepEqual([matches('a sk-b'), matches('sk-'), find('sk-')], [true, false, []])
})

test('places are those of the text, whatever stands before them', () => {
  const { find } = compileExpression('k')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (before) => {
      const text = `${before.replaceAll('k', '')}k`
      assert.deepEqual(find(text), [[text.length - 1, text.length]])
    }),
  )
})

test('what is empty is no part', () => assert.deepEqual(compileExpression('x*').find('axb'), [[1, 2]]))

test('matches as JavaScript does where that is linear too', () => {
  const sources = ['^a|b$', '[^\\d]', '(?:ab){2}', '\\w+@\\w+', '^$', 'é', '\\x41', 'a.c', '(?i)AB']
  const same = sources.slice(0, -1)
  fc.assert(
    fc.property(
      fc.constantFrom(...same),
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '@', 'é', 'A', '\n') }),
      (source, text) => {
        assert.equal(compileExpression(source).test(text), new RegExp(source, 'u').test(text))
      },
    ),
    { numRuns: 1000 },
  )
  assert.ok(compileExpression('(?i)AB').test('ab'))
  assert.ok(compileExpression('ab', { ignoreCase: true }).test('AB'))
})

for (const source of ['(', '(?=a)', '(?<!a)', '(a)\\1', '[b-a]', 'a{1,1001}', '*']) {
  test(`refused: ${source}`, () =>
    assert.throws(() => compileExpression(source), /^Error: expected a regular expression that RE2 knows: /))
}

test('no expression backtracks', () => {
  for (const source of ['(a+)+$', '(a|a)*b', '(?:a*)*c', '(x+x+)+y']) {
    const { test: matches, find } = compileExpression(source)
    const begin = performance.now()
    matches(`${'a'.repeat(100_000)}!`)
    find(`${'x'.repeat(10_000)}!`)
    assert.ok(performance.now() - begin < 1000, source)
  }
})
