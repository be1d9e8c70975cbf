import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Gone, Leaving } from '../../src/proxy/gone.ts'

/** Everything an AbortSignal is used for here, told as it happens. */
function told(gone: Gone, abort: () => void): string[] {
  const log: string[] = []
  const never = () => log.push('never')
  const last = () => log.push('last')
  const first = () => {
    log.push(`first, aborted ${gone.aborted}`)
    gone.removeEventListener('abort', never)
  }
  for (const listener of [first, first, never, last]) gone.addEventListener('abort', listener)
  log.push(`aborted ${gone.aborted}`)
  gone.removeEventListener('abort', () => {})
  abort()
  abort()
  return log
}

test('it tells as an AbortSignal does: once, in order, and nobody who listens no more', () => {
  const leaving = new Leaving()
  const controller = new AbortController()
  const expected = ['aborted false', 'first, aborted true', 'last']
  assert.deepEqual(
    told(controller.signal, () => controller.abort()),
    expected,
  )
  assert.deepEqual(
    told(leaving, () => leaving.abort()),
    expected,
  )
})
