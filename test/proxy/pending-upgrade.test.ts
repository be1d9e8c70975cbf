import assert from 'node:assert/strict'
import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { Upgrade } from '../../src/proxy/pending-upgrade.ts'
import { socketPair } from '../support/session.ts'
import { eventually } from '../support/upgrades.ts'

const upgradeOf = (socket: Socket, head = Buffer.alloc(0)) => new Upgrade(new IncomingMessage(socket), socket, head)
const text = (chunks: readonly Uint8Array[]) => Buffer.concat(chunks).toString()

test('what came with the request and before the answer is kept, in order', async (t) => {
  const { ours, theirs } = await socketPair(t)
  const upgrade = upgradeOf(ours, Buffer.from('head '))
  theirs.write('one ')
  await once(ours, 'data')
  theirs.write('two')
  await once(ours, 'data')
  assert.equal(text(upgrade.take()), 'head one two')
  assert.equal(upgrade.gone.aborted, false)
  assert.deepEqual(
    ['data', 'end', 'close'].map((event) => ours.listenerCount(event) <= 1),
    [true, true, true],
  )
})

test('nothing is read after it was taken', async (t) => {
  const { ours, theirs } = await socketPair(t)
  upgradeOf(ours).take()
  theirs.write('later')
  ours.once('readable', () => {})
  await once(ours, 'readable')
  assert.equal(String(ours.read()), 'later')
})

test('a client that sends without end is not read without end', async (t) => {
  const { ours, theirs } = await socketPair(t)
  const upgrade = upgradeOf(ours)
  theirs.write(Buffer.alloc(8 << 20))
  await eventually(() => ours.isPaused(), 'a pause')
  assert.ok(text(upgrade.take()).length <= 256 * 1024)
})

test('that it leaves is noticed: FIN, reset, gone before we looked', async (t) => {
  for (const leave of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
    const { ours, theirs } = await socketPair(t)
    ours.on('error', () => {})
    const { gone } = upgradeOf(ours)
    leave(theirs)
    await new Promise<void>((resolve) => gone.addEventListener('abort', resolve))
  }
  const { ours } = await socketPair(t)
  ours.destroy()
  assert.ok(upgradeOf(ours).gone.aborted)
})

test('pieces are put together: they may be as many as bytes', async (t) => {
  const { ours } = await socketPair(t)
  const upgrade = upgradeOf(ours, Buffer.from('0'))
  const sent = Array.from({ length: 1000 }, (_, index) => String(index % 10))
  for (const piece of sent) ours.emit('data', Buffer.from(piece))
  const pieces = upgrade.take()
  assert.ok(pieces.length <= 65, `${pieces.length} pieces`)
  assert.equal(text(pieces), `0${sent.join('')}`)
})
