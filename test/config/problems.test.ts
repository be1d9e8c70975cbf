import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPath, formatProblem, inOrder, type Problem, problem } from '../../src/config/problems.ts'

const LINES: [given: Problem, line: string][] = [
  [
    problem({ file: 'w.yaml', at: { line: 11, column: 5 } }, 'unknown key', 'routes[1].upstrem'),
    'w.yaml:11:5 routes[1].upstrem: unknown key',
  ],
  [problem({ file: 'w.yaml' }, 'no such file'), 'w.yaml: no such file'],
  [problem({ variable: 'WS_LISTEN' }, 'expected x'), 'WS_LISTEN: expected x'],
  [problem({ flag: '--listen' }, 'expected x'), '--listen: expected x'],
  [problem({}, 'missing', 'upstream'), 'upstream: missing'],
  [problem({}, 'missing'), 'missing'],
  [problem({ variable: 'WS_\u001b[31m' }, 'a\nb\u202e'), 'WS_\\u{1b}[31m: a\\u{a}b\\u{202e}'],
]

for (const [given, line] of LINES) test(line, () => assert.equal(formatProblem(given), line))

test('paths', () => {
  assert.equal(formatPath(['routes', 1, 'authorize', 0, 'equals']), 'routes[1].authorize[0].equals')
  assert.equal(formatPath(['x'.repeat(100)]), `${'x'.repeat(60)}…`)
  assert.equal(formatPath([]), '')
})

test('order: file by line and column, variables, flags, the rest', () => {
  const at = (line: number, column: number) => problem({ file: 'f', at: { line, column } }, '')
  const sorted = [
    at(1, 9),
    at(2, 1),
    at(10, 1),
    problem({ variable: 'V' }, ''),
    problem({ flag: '-f' }, ''),
    problem({}, ''),
  ]
  assert.deepEqual(inOrder(sorted.toReversed()), sorted)
})
