/** What a fast wire gathers in a turn: in order, whole, and told of where it is not taken. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { RawEnd } from '../../src/proxy/raw-end.ts'
import { fastWire } from '../../src/proxy/wire-fast.ts'
import { type Gatherer, gather, sendAllGathered } from '../../src/proxy/wire-gather.ts'
import type { Taken } from '../../src/proxy/wire-handle.ts'
import { portableWire } from '../../src/proxy/wire-portable.ts'
import { all, IMPLEMENTATIONS, pattern, recorded, sockets, turns } from '../support/wires.ts'

const make = new Map(IMPLEMENTATIONS).get('fast') ?? portableWire

/** Others who write in each turn: what is written in the turn of a call to it is gathered. */
async function crowd(t: TestContext): Promise<() => Promise<void>> {
  const others = await Promise.all(Array.from({ length: 5 }, () => recorded(t, make)))
  for (const { theirs } of others) theirs.resume()
  const write = (count: number) => {
    for (let index = 0; index < count; index++) for (const { wire } of others) wire.write(pattern(20))
  }
  // It takes a turn with so many to begin to count, and the rest of that turn to be a busy one.
  return async () => {
    write(20)
    await turns(1)
    write(1)
  }
}

test('property: short and long writes, in one turn and in several, arrive in their order', async (t) => {
  const length = fc.oneof(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 3000 }), fc.constant(70_000))
  const writes = fc.array(fc.record({ length, turn: fc.nat(5).map((one) => one === 0) }), {
    minLength: 1,
    maxLength: 40,
  })
  const busy = await crowd(t)
  await fc.assert(
    fc.asyncProperty(writes, async (list) => {
      const { wire, theirs } = await recorded(t, make)
      const received = all(theirs)
      await busy()
      const sent: Buffer[] = []
      for (const [index, { length, turn }] of list.entries()) {
        const bytes = pattern(length, index)
        sent.push(Buffer.from(bytes))
        wire.write(bytes)
        // As the next read does.
        bytes.fill(0)
        if (turn) await busy()
      }
      wire.end()
      assert.ok((await received).equals(Buffer.concat(sent)))
      wire.destroy()
    }),
    { numRuns: 30 },
  )
})

test('what many wires write in one turn goes to each its own', async (t) => {
  const busy = await crowd(t)
  const wires = await Promise.all(Array.from({ length: 40 }, () => recorded(t, make)))
  const received = wires.map(({ theirs }) => all(theirs))
  await busy()
  for (let round = 0; round < 300; round++) {
    for (const [index, { wire }] of wires.entries()) wire.write(pattern(31 + index, round))
  }
  for (const { wire } of wires) wire.end()
  for (const [index, bytes] of (await Promise.all(received)).entries()) {
    const expected = Buffer.concat(Array.from({ length: 300 }, (_, round) => pattern(31 + index, round)))
    assert.ok(bytes.equals(expected), `wire ${index}`)
  }
})

test('a reader who takes nothing is told of by filled, once, and drained follows', async (t) => {
  const busy = await crowd(t)
  const { wire, theirs, told, until } = await recorded(t, make)
  const piece = pattern(1000)
  let sent = 0
  while (sent < 64 << 20) {
    await busy()
    if (told.includes('filled')) break
    for (let count = 0; count < 50; count++) assert.ok(wire.write(piece))
    sent += 50 * piece.length
  }
  assert.deepEqual(told, ['filled'])
  assert.ok(wire.queued() > 0)
  assert.equal(wire.write(piece), false)
  sent += piece.length
  const received = all(theirs)
  await until('drained')
  assert.deepEqual(told, ['filled', 'drained'])
  assert.equal(wire.queued(), 0)
  wire.end()
  const bytes = await received
  assert.equal(bytes.length, sent)
  for (let at = 0; at < sent; at += 1000) assert.ok(bytes.subarray(at, at + 1000).equals(piece), `at ${at}`)
})

test('what was written before destroy still goes out, and nothing after it', async (t) => {
  const busy = await crowd(t)
  const { wire, theirs } = await recorded(t, make)
  const received = all(theirs)
  await busy()
  wire.write(pattern(50))
  wire.destroy()
  wire.write(pattern(50))
  assert.ok((await received).equals(pattern(50)))
})

test('bytes of a wire that is gone are not sent to whoever has its number next', async (t) => {
  const busy = await crowd(t)
  for (let round = 0; round < 20; round++) {
    const gone = await recorded(t, make)
    gone.theirs.resetAndDestroy()
    gone.wire.resume()
    await gone.until('closed')
    const next = await sockets(t)
    const wire = fastWire(next.ours, { read() {}, filled() {}, drained() {}, ended() {}, closed() {} })
    const received = all(next.theirs)
    await busy()
    gone.wire.write(pattern(20))
    await turns(2)
    wire?.end()
    assert.equal((await received).length, 0)
    wire?.destroy()
  }
})

test('who asks for it while it is sent has none of it sent twice', async (t) => {
  const busy = await crowd(t)
  await busy()
  const sent: string[] = []
  const recording = (name: string, meanwhile: () => void): Gatherer => ({
    sendGathered: (bytes) => {
      sent.push(`${name} ${Buffer.from(bytes)}`)
      meanwhile()
      return true
    },
    filled: () => {},
  })
  const first = recording('first', () => {})
  const last = recording('last', () => {})
  const failing = recording('failing', () => sendAllGathered(last))
  for (const one of [first, failing, last]) assert.ok(gather(one, Buffer.from('bytes')))
  sendAllGathered()
  assert.deepEqual(sent, ['first bytes', 'failing bytes', 'last bytes'])
})

test('what was written before a connection is handed on goes out before what its wire writes', async (t) => {
  const busy = await crowd(t)
  const written: string[] = []
  // As much of a handle as an end needs that only writes.
  const handle = {
    useUserBuffer() {},
    readStop: () => 0,
    writeBuffer: (_request: unknown, bytes: Uint8Array) => written.push(String(Buffer.from(bytes))) * 0,
  } as unknown as Taken['handle']
  const nobody = { read() {}, ended() {}, failed() {} }
  await busy()
  const end = new RawEnd({ handle, server: undefined }, nobody)
  end.write('101')
  assert.deepEqual(written, [])
  assert.ok(end.take())
  assert.deepEqual(written, ['101'])
})
