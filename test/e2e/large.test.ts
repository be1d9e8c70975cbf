/** A message far larger than the memory it may cost: payloads stream (issue 2, item 5). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { ON_LOOPBACK, spawnWsluice } from '../support/process.ts'
import { rawServer } from '../support/raw.ts'
import { memory } from '../support/scrape.ts'
import { accept, ask, type End, endOf } from '../support/upgrades.ts'
import { bareHead, maskedHead } from '../support/wire-frames.ts'

const MIB = 1 << 20
const SIZE = 256 * MIB
/** How much the memory of the proxy may grow, in MiB, most of it buffers that wait for the garbage collector; measured: 80. */
const GROWTH = 128

async function connected(t: TestContext): Promise<{ client: End; upstream: End; ops: string }> {
  const server = await rawServer(t)
  const wsluice = spawnWsluice(t, [], { env: { ...ON_LOOPBACK, WS_UPSTREAM: `http://127.0.0.1:${server.port}` } })
  const listening = await wsluice.address('listen')
  const client = await ask(t, Number(listening.split(':')[1]))
  const upstream = endOf(await server.connection(0))
  await accept(upstream)
  await client.head()
  return { client, upstream, ops: await wsluice.address('ops') }
}

/** Writes a frame of so many zero bytes as fast as they are taken. */
async function pour(socket: Socket, head: string, size: number): Promise<void> {
  socket.write(head, 'latin1')
  const piece = Buffer.alloc(MIB)
  for (let left = size; left > 0; left -= piece.length) {
    if (!socket.write(piece)) await once(socket, 'drain')
  }
}

/** Counts what arrives instead of keeping it; resolves when all has. */
function drained({ raw: { socket } }: End, length: number): Promise<void> {
  socket.removeAllListeners('data')
  let received = 0
  return new Promise((resolve) => {
    socket.on('data', (chunk) => {
      received += String(chunk).length
      if (received === length) resolve()
    })
  })
}

async function highest(ops: string, until: Promise<unknown>): Promise<number> {
  const state = { highest: 0, isOver: false }
  void until.then(() => {
    state.isOver = true
  })
  while (!state.isOver) state.highest = Math.max(state.highest, await memory(ops))
  return state.highest
}

test('a text message of 1 GiB in one frame, up, then a binary one of 256 MiB, down', { timeout: 60_000 }, async (t) => {
  const { client, upstream, ops } = await connected(t)
  const before = await memory(ops)
  // A key of zeros: masked zeros are text.
  const head = maskedHead(1, 4 * SIZE)
    .slice(0, -4)
    .concat('\0\0\0\0')
  const up = Promise.all([pour(client.raw.socket, head, 4 * SIZE), drained(upstream, 4 * SIZE + head.length)])
  const grown = (await highest(ops, up)) - before
  assert.ok(grown < GROWTH, `grown by ${grown} MiB`)
  const down = bareHead(2, SIZE)
  const back = Promise.all([pour(upstream.raw.socket, down, SIZE), drained(client, SIZE + down.length)])
  const grownAgain = (await highest(ops, back)) - before
  assert.ok(grownAgain < GROWTH, `grown by ${grownAgain} MiB`)
})

test('a reader that stops: the writer is stopped, nothing is heaped up', { timeout: 60_000 }, async (t) => {
  const { client, upstream, ops } = await connected(t)
  const before = await memory(ops)
  upstream.raw.socket.pause()
  const { socket } = client.raw
  socket.write(maskedHead(2, SIZE), 'latin1')
  let sent = 0
  // The kernel has taken what it can when a write is not drained for a while.
  for (let isStopped = false; !isStopped && sent < SIZE; ) {
    sent += 1 << 20
    if (socket.write(Buffer.alloc(1 << 20))) continue
    const late = new Promise<'late'>((resolve) => setTimeout(resolve, 300, 'late'))
    isStopped = (await Promise.race([once(socket, 'drain'), late])) === 'late'
  }
  assert.ok(sent < SIZE / 2, `${sent >> 20} MiB taken`)
  assert.ok((await memory(ops)) - before < GROWTH)
})
