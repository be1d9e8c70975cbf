import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batched } from '../../src/cli/batched.ts'

/** What was written, and the ends of turns that are waited for. */
function made() {
  const written: string[] = []
  const waiting: (() => void)[] = []
  const out = batched(
    (text) => written.push(text),
    (run) => waiting.push(run),
  )
  return { ...out, written, turn: () => waiting.splice(0).forEach((run) => void run()), waiting }
}

test('what a turn says is written once, in order, at its end', () => {
  const { write, turn, written, waiting } = made()
  write('a\n')
  write('b\n')
  assert.deepEqual([written, waiting.length], [[], 1])
  turn()
  write('c\n')
  turn()
  turn()
  assert.deepEqual(written, ['a\nb\n', 'c\n'])
})

test('a flush writes what is held, and the end of the turn writes nothing twice', () => {
  const { write, flush, turn, written } = made()
  write('a\n')
  flush()
  flush()
  turn()
  assert.deepEqual(written, ['a\n'])
})

test('what is said within a write comes after it', () => {
  const written: string[] = []
  const out = batched(
    (text) => {
      if (written.length === 0) out.write('second\n')
      written.push(text)
    },
    () => {},
  )
  out.write('first\n')
  out.flush()
  out.flush()
  assert.deepEqual(written, ['first\n', 'second\n'])
})

test('a turn with much to say holds no more than so much', () => {
  const { write, written } = made()
  for (let line = 0; line < 100; line++) write(`${'x'.repeat(9_999)}\n`)
  assert.ok(written.length > 10)
  assert.ok(written.every((text) => text.length <= 80_000 && text.endsWith('\n')))
})
