import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FrameLimit, formatLimit } from '../../src/cli/frame-limits.ts'

const limit = (setting: unknown, more: Partial<FrameLimit> = {}) =>
  formatLimit({ check: 'c', mode: 'enforce', scope: 'route', setting, ...more })

const CASES: [name: string, line: string, expected: string][] = [
  ['a value', limit('64KiB'), '  c: 64KiB'],
  ['a list', limit({ kinds: ['text', 'binary'] }), '  c: kinds text, binary'],
  ['its mode is said once', limit({ max: 5, mode: 'dry-run' }, { mode: 'dry-run' }), '  c (dry-run): max 5'],
  ['over all routes', limit(5, { scope: 'all routes' }), '  c (over all routes): 5'],
  [
    'sections within',
    limit({ schemas: { a: 'a.json' }, allow: [{ types: ['a', 'b'], when: { claim: 'role', equals: 'x' } }], depth: 5 }),
    '  c: schemas (a a.json); allow (types a, b; when (claim role; equals x)); depth 5',
  ],
]

for (const [name, line, expected] of CASES) test(name, () => assert.equal(line, expected))
