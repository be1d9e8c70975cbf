import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batched } from '../../src/cli/batched.ts'

/** What was written, and what is to run soon. */
function made() {
  const written: string[] = []
  const waiting: (() => void)[] = []
  const out = batched(
    (text) => written.push(text),
    (run) => waiting.push(run),
  )
  return { ...out, written, later: () => waiting.splice(0).forEach((run) => void run()), waiting }
}

test('what is said before it is time is written once, in order', () => {
  const { write, later, written, waiting } = made()
  write('a\n')
  write('b\n')
  assert.deepEqual([written, waiting.length], [[], 1])
  later()
  write('c\n')
  later()
  later()
  assert.deepEqual(written, ['a\nb\n', 'c\n'])
})

test('a flush writes what is held, and later nothing is written twice', () => {
  const { write, flush, later, written } = made()
  write('a\n')
  flush()
  flush()
  later()
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

test('who has much to say holds no more than so much', () => {
  const { write, written } = made()
  for (let line = 0; line < 100; line++) write(`${'x'.repeat(9_999)}\n`)
  assert.ok(written.length > 10)
  assert.ok(written.every((text) => text.length <= 80_000 && text.endsWith('\n')))
})
