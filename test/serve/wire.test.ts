/** The wire in use is what the setting says, and is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPair } from '../support/upgrades.ts'

for (const [wanted, wire] of [
  ['auto', 'fast'],
  ['fast', 'fast'],
  ['portable', 'portable'],
] as const) {
  test(`wire: ${wanted} is ${wire} in the log and the metrics, and relays`, async (t) => {
    const { proxy, client, upstream } = await openPair(t, { env: { WS_WIRE: wanted } })
    assert.equal((await proxy.line(({ event }) => event === 'started')).wire, wire)
    const metrics = await (await fetch(`http://${proxy.ops}/metrics`)).text()
    assert.match(metrics, new RegExp(`^ws_wire_info\\{wire="${wire}"\\} 1$`, 'm'))
    upstream.send('\x81\x02hi')
    assert.equal(await client.bytes(4), '\x81\x02hi')
  })
}
