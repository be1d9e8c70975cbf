import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Handlers, Link } from '../../src/workers/link.ts'

type Words = {
  readonly double: { readonly says: number; readonly gets: number }
  readonly note: { readonly says: string; readonly gets: undefined }
}

/** Two ends joined as IPC joins them: what is sent arrives later, as JSON. */
function joined(handlers: Partial<Handlers<Words>> = {}, isFlowing = () => true) {
  const sent: unknown[] = []
  const notes: string[] = []
  const all = {
    double: (number: number) => number * 2,
    note: (text: string) => {
      notes.push(text)
      return undefined
    },
    ...handlers,
  }
  const ends: Link<Words, Words>[] = []
  const portTo = (other: number) => ({
    send: (message: unknown, done: () => void) => {
      sent.push(message)
      const text = JSON.stringify(message)
      queueMicrotask(() => ends[other]?.take(JSON.parse(text)))
      if (isFlowing()) done()
    },
  })
  const here = new Link<Words, Words>(portTo(1), all)
  ends.push(here, new Link<Words, Words>(portTo(0), all))
  return { here, sent, notes }
}

test('what is asked is answered, to whom it was asked by', async () => {
  const { here } = joined()
  assert.deepEqual(await Promise.all([here.ask('double', 1, 1000), here.ask('double', 21, 1000)]), [2, 42])
  assert.equal(here.waiting, 0)
})

test('what is said in one turn goes out as one message, in order', async () => {
  const { here, sent, notes } = joined()
  for (const text of ['a', 'b', 'c']) here.tell('note', text)
  await setImmediate()
  await setImmediate()
  assert.deepEqual([sent.length, notes], [1, ['a', 'b', 'c']])
})

test('no message holds more than 512 of them', async () => {
  const { here, sent, notes } = joined()
  for (let index = 0; index < 1300; index++) here.tell('note', String(index))
  await setImmediate()
  await setImmediate()
  assert.deepEqual([sent.length, notes.length, notes[1299]], [3, 1300, '1299'])
})

const FAILING: [name: string, double: Handlers<Words>['double']][] = [
  [
    'throws',
    () => {
      throw new Error('no')
    },
  ],
  ['rejects', () => Promise.reject(new Error('no'))],
]

for (const [name, double] of FAILING) {
  test(`a handler that ${name} is a rejection of who asked`, async () => {
    await assert.rejects(joined({ double }).here.ask('double', 1, 1000), { message: 'no' })
  })
}

test('an answer that does not come in time is a rejection, and one that comes later is nothing', async () => {
  const late: (() => void)[] = []
  const { here } = joined({ double: (number) => new Promise((resolve) => late.push(() => resolve(number))) })
  await assert.rejects(here.ask('double', 1, 5), { message: 'no answer within 5 ms' })
  for (const resolve of late) resolve()
  await setImmediate()
  assert.equal(here.waiting, 0)
})

test('closed: who waits is told, who asks is told, nothing is sent', async () => {
  const { here, sent } = joined({ double: () => new Promise(() => {}) })
  const waiting = here.ask('double', 1, 60_000)
  here.close()
  await assert.rejects(waiting, /gone/)
  await assert.rejects(here.ask('double', 1, 60_000), /gone/)
  await setImmediate()
  assert.deepEqual(sent, [])
})

test('what is no message of ours is nothing', () => {
  const { here } = joined()
  for (const message of [undefined, null, 7, 'text', {}, { cmd: 'NODE_x' }]) here.take(message)
})

test('a pipe that takes no more is told of, until it does', async () => {
  const { here } = joined({}, () => false)
  for (let index = 0; index < 16; index++) {
    here.tell('note', 'x')
    await setImmediate()
  }
  assert.equal(here.isBehind, false)
  here.tell('note', 'x')
  await setImmediate()
  assert.equal(here.isBehind, true)
})

test('a pipe that stands still is told of too', async () => {
  const { here } = joined({}, () => false)
  for (let index = 0; index < 1024 * 512; index++) here.tell('note', 'x')
  assert.equal(here.isStuck, false)
  for (let index = 0; index < 512; index++) here.tell('note', 'x')
  assert.equal(here.isStuck, true)
})

test('closed: what was still in the pipe is nothing', () => {
  const { here, notes } = joined()
  here.take([['note', 'before']])
  here.close()
  here.take([['note', 'after']])
  assert.deepEqual(notes, ['before'])
})
