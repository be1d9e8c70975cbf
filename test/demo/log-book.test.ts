import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogBook } from '../../src/demo/log-book.ts'

const line = (fields: Record<string, unknown>) => `${JSON.stringify(fields)}\n`
const decided = (nonce: string, id: string, outcome: string) =>
  line({ event: 'decided', url: `/chat?site_token=***&demo=${nonce}`, request_id: id, outcome })
const closed = (id: string) => line({ event: 'closed', request_id: id })
const LONG = 60_000

test('finds the lines of one handshake by its nonce, and no others', async () => {
  const book = createLogBook()
  book.write(decided('one', 'a', 'admitted'))
  book.write(decided('two', 'b', 'rejected'))
  book.write(closed('c'))
  book.write(line({ event: 'violated', request_id: 'a' }))
  book.write(closed('a'))
  const events = async (nonce: string) => (await book.linesOf(nonce, LONG)).map(({ event }) => event)
  assert.deepEqual(await events('one'), ['decided', 'violated', 'closed'])
  assert.deepEqual(await events('two'), ['decided'])
})

test('waits for the last line', async () => {
  const book = createLogBook()
  const lines = book.linesOf('one', LONG)
  book.write(decided('one', 'a', 'admitted'))
  book.write(closed('a'))
  assert.equal((await lines).length, 2)
})

test('waits no longer than it was told, and not after it is closed', async () => {
  const book = createLogBook()
  book.write(decided('one', 'a', 'admitted'))
  assert.equal((await book.linesOf('one', 1)).length, 1)
  const waiting = book.linesOf('none', LONG)
  book.close()
  assert.deepEqual(await waiting, [])
  assert.deepEqual(await book.linesOf('none', LONG), [])
})

test('forgets old lines', async () => {
  const book = createLogBook()
  book.write(decided('one', 'a', 'rejected'))
  for (let index = 0; index < 1000; index++) book.write(line({ event: 'warning' }))
  assert.deepEqual(await book.linesOf('one', 1), [])
})
