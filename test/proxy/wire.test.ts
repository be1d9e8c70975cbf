/** What every wire promises, asked of each implementation. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { all, echoing, IMPLEMENTATIONS, pattern, recorded, relayed, turns } from '../support/wires.ts'

for (const [name, make] of IMPLEMENTATIONS) {
  test(`${name}: nothing is read before resume, everything after, in order`, async (t) => {
    const { wire, theirs, read, told, until } = await recorded(t, make)
    theirs.end('one two')
    await turns(10)
    assert.equal(read().length, 0)
    wire.resume()
    await until('ended')
    assert.equal(String(read()), 'one two')
    wire.end()
    await until('closed')
    assert.deepEqual(told, ['ended', 'closed'])
  })

  test(`${name}: pause stops the peer, resume loses nothing`, async (t) => {
    const { wire, theirs, read } = await recorded(t, make)
    const bytes = pattern(4 << 20)
    wire.resume()
    theirs.end(bytes)
    for (let round = 0; read().length < bytes.length && round < 10_000; round++) {
      wire.pause()
      await turns(1)
      wire.resume()
      await turns(1)
    }
    assert.ok(read().equals(bytes))
  })

  test(`${name}: pause within a read holds until resume`, async (t) => {
    const { wire, theirs, read } = await recorded(t, make, { read: (self) => self.pause() })
    wire.resume()
    theirs.write(pattern(3 << 20))
    while (read().length === 0) await turns(1)
    const before = read().length
    await turns(20)
    assert.equal(read().length, before)
  })

  test(`${name}: bytes come back as they went in, however they are split`, async (t) => {
    const size = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 300_000 }))
    const property = fc.asyncProperty(fc.array(size, { maxLength: 30 }), async (sizes) => {
      const { wire, theirs, until } = await recorded(t, echoing(make))
      wire.resume()
      const bytes = pattern(sizes.reduce((sum, length) => sum + length, 0))
      const back = all(theirs)
      let at = 0
      for (const length of sizes) {
        theirs.write(bytes.subarray(at, at + length))
        at += length
        if (length % 3 === 0) await turns(1)
      }
      theirs.end()
      assert.ok((await back).equals(bytes))
      await until('closed')
    })
    await fc.assert(property, { numRuns: 15 })
  })

  test(`${name}: a write that returns false is queued, told, and followed by one drained`, async (t) => {
    const { wire, theirs, told, until } = await recorded(t, make)
    const piece = pattern(65_536)
    let bytes = 0
    for (let isTaken = true; isTaken; bytes += piece.length) isTaken = wire.write(piece)
    assert.equal(wire.write(piece), false)
    bytes += piece.length
    assert.ok(wire.queued() > 0)
    const received = all(theirs)
    await until('drained')
    assert.equal(wire.queued(), 0)
    await turns(5)
    assert.deepEqual(told, ['drained'])
    wire.end()
    assert.equal((await received).length, bytes)
  })

  test(`${name}: what is written while something is queued comes after it`, async (t) => {
    const { wire, theirs } = await recorded(t, make)
    const [early, late] = [Buffer.alloc(65_536, 'e'), Buffer.alloc(4096, 'l')]
    while (wire.write(early)) {}
    let isLate = false
    theirs.on('data', () => {
      // The kernel has room again, and the queue has not gone there yet.
      if (!isLate && wire.queued() > 0) wire.write(late)
      else if (!isLate) wire.end()
      isLate ||= wire.queued() === 0
    })
    const text = String(await all(theirs))
    assert.match(text.slice(text.indexOf('l')), /^l+$/)
  })

  test(`${name}: thousands of writes within one read arrive in order`, async (t) => {
    const FRAME = 6
    const { wire, theirs } = await recorded(t, (socket, events) => {
      const self = make(socket, {
        ...events,
        read: (chunk) => {
          for (let at = 0; at < chunk.length; at += FRAME) self.write(chunk.subarray(at, at + FRAME))
        },
        ended: () => self.end(),
      })
      return self
    })
    const bytes = pattern(FRAME * 9000)
    theirs.end(bytes)
    await once(theirs, 'finish')
    const back = all(theirs)
    wire.resume()
    assert.ok((await back).equals(bytes))
  })

  test(`${name}: an empty write changes nothing`, async (t) => {
    const { wire, theirs } = await recorded(t, make)
    assert.equal(wire.write(new Uint8Array(0)), true)
    wire.write(Buffer.from('x'))
    wire.end()
    assert.equal(String(await all(theirs)), 'x')
  })

  test(`${name}: bytes that were queued are not those that are read next`, async (t) => {
    // Two relays share whatever buffer there is; both receivers are slow, and each must get its own.
    const relays = await Promise.all([relayed(t, make), relayed(t, make)])
    const SENT = [pattern(12 << 20), pattern(12 << 20, 0xff)]
    for (const [index, { client }] of relays.entries()) client.end(SENT[index] ?? '')
    await turns(50)
    const got = await Promise.all(relays.map(({ upstream }) => all(upstream)))
    for (const [index, bytes] of got.entries()) assert.ok(SENT[index]?.equals(bytes), `relay ${index}`)
  })
}
