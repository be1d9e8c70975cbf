/** Much traffic, slow readers and loud neighbours, asked of each implementation. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { all, echoing, IMPLEMENTATIONS, pattern, recorded, relayed, turns } from '../support/wires.ts'

const MIB = 1 << 20
/** What a relay may hold for a reader that does not read: what one turn reads, and what the stream below holds. */
const MOST_QUEUED = MIB

for (const [name, make] of IMPLEMENTATIONS) {
  for (const [sender, receiver] of [
    ['client', 'upstream'],
    ['upstream', 'client'],
  ] as const) {
    test(`${name}: 64 MiB from the ${sender} to one who reads late, byte for byte, in bounded memory`, async (t) => {
      const relay = await relayed(t, make)
      const piece = pattern(MIB)
      const [from, to] = [relay[sender], relay[receiver]]
      for (let count = 0; count < 64; count++) from.write(piece)
      from.end()
      await turns(200)
      const [queued = 0] = [Math.max(...relay.wires.map((wire) => wire.queued()))]
      assert.ok(queued > 0 && queued <= MOST_QUEUED, `${queued} bytes are queued`)
      assert.ok(from.writableLength > 0, 'the sender was not held up')
      const received = await all(to)
      assert.equal(received.length, 64 * MIB)
      for (let at = 0; at < received.length; at += MIB) assert.ok(received.subarray(at, at + MIB).equals(piece))
      to.end()
      await relay.over
    })
  }

  test(`${name}: a flood does not starve a quiet connection`, async (t) => {
    const [loud, quiet] = await Promise.all([relayed(t, make), recorded(t, echoing(make))])
    quiet.wire.resume()
    loud.upstream.resume()
    let isOver = false
    const flood = async () => {
      const piece = pattern(MIB)
      while (!isOver) if (!loud.client.write(piece)) await once(loud.client, 'drain')
    }
    const flooding = flood()
    for (let round = 0; round < 20; round++) {
      let answer = 0
      quiet.theirs.once('data', () => {
        answer = 1
      })
      quiet.theirs.write('?')
      let turn = 0
      for (; answer === 0 && turn < 100; turn++) await turns(1)
      assert.ok(turn <= 10, `the answer took ${turn} turns of the loop`)
    }
    isOver = true
    await flooding
  })

  test(`${name}: one who sends and never reads holds nobody up but himself`, async (t) => {
    const [stuck, other] = await Promise.all([relayed(t, make), relayed(t, make)])
    for (let count = 0; count < 32; count++) stuck.client.write(pattern(MIB))
    await turns(100)
    other.client.end('through')
    assert.equal(String(await all(other.upstream)), 'through')
    stuck.wires[0].destroy()
    await stuck.over
  })
}
