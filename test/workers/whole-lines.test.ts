import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeLines } from '../../src/workers/whole-lines.ts'

const CASES: [name: string, chunks: string[], written: string[]][] = [
  ['a line', ['a\n'], ['a\n']],
  ['several at once', ['a\nb\nc'], ['a\nb\n']],
  ['one in pieces', ['a', 'b', 'c\nd', '\n'], ['abc\n', 'd\n']],
  ['the rest of one that never ends', ['a\nb', 'c'], ['a\n']],
  ['nothing', ['', '\n', ''], ['\n']],
]

for (const [name, chunks, written] of CASES) {
  test(`whole lines: ${name}`, () => {
    const got: string[] = []
    const take = wholeLines((lines) => got.push(lines))
    for (const chunk of chunks) take(chunk)
    assert.deepEqual(got, written)
  })
}
