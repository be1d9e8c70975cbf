/** How a wire ends, asked of each implementation: FIN, reset and destroy at every step. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:net'
import { test } from 'node:test'
import type { Wire } from '../../src/proxy/wire.ts'
import {
  all,
  IMPLEMENTATIONS,
  loopback,
  pattern,
  type Recorded,
  recorded,
  relayed,
  sockets,
  turns,
} from '../support/wires.ts'

const connectionsOf = (server: Server) =>
  new Promise<number>((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })

/** Writes until something is queued. */
function fill({ wire }: Recorded): void {
  while (wire.write(pattern(65_536))) {}
}

/** The peer sends FIN. */
function left({ theirs, until }: Recorded): Promise<void> {
  theirs.end()
  return until('ended')
}

/** What happened before the reset. */
const STEPS: readonly [name: string, step: (all: Recorded) => unknown][] = [
  ['nothing', () => {}],
  ['pause', ({ wire }) => wire.pause()],
  ['a write', ({ wire }) => wire.write(pattern(100))],
  ['unread bytes', ({ theirs }) => theirs.write(pattern(100))],
  ['a queue', fill],
  [
    'a queue and end',
    (open) => {
      fill(open)
      open.wire.end()
    },
  ],
  ['end', ({ wire }) => wire.end()],
  ['FIN of the peer', left],
  ['FIN of the peer and a queue', (open) => left(open).then(() => fill(open))],
]

for (const [name, make] of IMPLEMENTATIONS) {
  test(`${name}: the peer may send after our FIN, and we after his`, async (t) => {
    const { wire, theirs, read, until, told } = await recorded(t, make)
    wire.resume()
    wire.write(Buffer.from('first'))
    wire.end()
    assert.equal(String(await all(theirs)), 'first')
    theirs.end('second')
    await until('closed')
    assert.equal(String(read()), 'second')
    assert.deepEqual(told, ['ended', 'closed'])

    const other = await recorded(t, make)
    other.wire.resume()
    other.theirs.end()
    await other.until('ended')
    const received = all(other.theirs)
    other.wire.write(Buffer.from('after your FIN'))
    other.wire.end()
    assert.equal(String(await received), 'after your FIN')
    await other.until('closed')
    assert.deepEqual(other.told, ['ended', 'closed'])
  })

  test(`${name}: FIN goes out after what is queued`, async (t) => {
    const { wire, theirs, told } = await recorded(t, make)
    let bytes = 0
    for (let isTaken = true; isTaken; bytes += 65_536) isTaken = wire.write(pattern(65_536))
    wire.end()
    assert.equal((await all(theirs)).length, bytes)
    assert.deepEqual(told, [])
  })

  for (const [step, before] of STEPS) {
    test(`${name}: a reset after ${step} is an end, told once`, async (t) => {
      const open = await recorded(t, make)
      open.wire.resume()
      await before(open)
      open.theirs.resetAndDestroy()
      await once(open.theirs, 'close')
      // A paused wire notices when it writes, or reads again.
      await turns(5)
      for (let more = 0; more < 3; more++) open.wire.write(pattern(10))
      open.wire.resume()
      await open.until('closed')
      await turns(5)
      assert.equal(open.told.filter((event) => event === 'closed').length, 1)
      assert.equal(open.told.at(-1), 'closed')
      assert.equal(open.wire.write(pattern(10)), true)
    })
  }

  for (const event of ['read', 'drained', 'ended'] as const) {
    test(`${name}: destroyed within ${event}, nothing follows but closed`, async (t) => {
      const open = await recorded(t, make, { [event]: (wire: Wire) => wire.destroy() })
      if (event === 'drained') fill(open)
      open.wire.resume()
      open.theirs.resume()
      open.theirs.end(pattern(300_000))
      await open.until('closed')
      await turns(5)
      const expected = { read: ['closed'], drained: ['drained', 'closed'], ended: ['ended', 'closed'] }[event]
      // A queue drains while the peer's bytes come in: his end may be told before.
      assert.deepEqual(event === 'drained' ? open.told.filter((one) => one !== 'ended') : open.told, expected)
    })
  }

  test(`${name}: after end and destroy everything is swallowed`, async (t) => {
    const { wire, theirs, until, told } = await recorded(t, make)
    wire.resume()
    wire.end()
    assert.equal(wire.write(Buffer.from('late')), true)
    wire.end()
    assert.equal(String(await all(theirs)), '')
    wire.destroy()
    wire.destroy()
    wire.end()
    wire.pause()
    wire.resume()
    assert.equal(wire.write(Buffer.from('later')), true)
    assert.equal(wire.queued(), 0)
    await until('closed')
    await turns(5)
    assert.deepEqual(told, ['closed'])
  })

  test(`${name}: a write to a wire that is gone reaches nobody who got its descriptor`, async (t) => {
    const server = await loopback(t)
    const gone = await recorded(t, make)
    gone.wire.resume()
    gone.wire.destroy()
    await gone.until('closed')
    const heirs = [await sockets(t, server), await sockets(t, server)]
    for (let count = 0; count < 8; count++) gone.wire.write(Buffer.from('a stranger'))
    const received = heirs.flatMap(({ ours, theirs }) => [all(ours), all(theirs)])
    for (const { ours, theirs } of heirs) for (const socket of [ours, theirs]) socket.end()
    for (const bytes of await Promise.all(received)) assert.equal(bytes.length, 0)
  })

  test(`${name}: the server counts a connection until its wire is gone`, async (t) => {
    const { server, wire, until } = await recorded(t, make)
    assert.equal(await connectionsOf(server), 1)
    let isClosed = false
    server.close(() => {
      isClosed = true
    })
    await turns(5)
    assert.equal(isClosed, false)
    wire.destroy()
    await until('closed')
    assert.equal(await connectionsOf(server), 0)
    await turns(2)
    assert.equal(isClosed, true)
  })

  test(`${name}: a relay passes on each side's end`, async (t) => {
    const { client, upstream, over } = await relayed(t, make)
    client.end('question')
    assert.equal(String(await all(upstream)), 'question')
    upstream.end('answer')
    assert.equal(String(await all(client)), 'answer')
    await over
  })

  test(`${name}: two thousand connections opened and ended leave no handle`, async (t) => {
    const server = await loopback(t)
    await turns(5)
    const count = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
    const before = count()
    for (let index = 0; index < 2000; index++) await openAndEnd(index)
    await turns(5)
    assert.equal(count(), before)
    assert.equal(await connectionsOf(server), 0)

    async function openAndEnd(index: number): Promise<void> {
      const { ours, theirs } = await sockets(t, server)
      const closed = new Promise<void>((resolve) => {
        const wire = make(ours, {
          read: () => {},
          filled: () => {},
          drained: () => {},
          ended: () => wire.end(),
          closed: resolve,
        })
        wire.resume()
        if (index % 3 === 0) wire.destroy()
      })
      theirs.resume()
      if (index % 3 === 1) theirs.resetAndDestroy()
      else theirs.end('x')
      await Promise.all([closed, theirs.closed || once(theirs, 'close')])
    }
  })
}
