import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../src/observe/events.ts'
import type { Crew } from '../../src/workers/crew.ts'
import { hear } from '../../src/workers/hear.ts'

test('those that answer are heard, and the log tells of the other', async () => {
  const told: Event[] = []
  const worker = (number: number, ask: () => Promise<unknown>) => ({ number, link: { ask } })
  const serving = [
    worker(1, async () => 1),
    worker(2, () => Promise.reject(new Error('no answer within 5000 ms'))),
    worker(3, async () => 3),
  ]
  // Of its members only these are used.
  const crew = { serving } as unknown as Crew
  assert.deepEqual(await hear(crew, (event) => told.push(event), 'end', {}), [1, 3])
  assert.deepEqual(told, [{ type: 'warning', message: 'worker 2 is left out of an answer: no answer within 5000 ms' }])
})
