/** Clients that reset, before and after we see them: none of them becomes the peer `unix`. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { serveKnownPeers } from '../../src/proxy/known-peer.ts'
import { peerOf } from '../../src/proxy/peer.ts'
import { echo, LAST, type Passing, passingTo } from '../support/pass.ts'
import { exchange } from '../support/raw.ts'
import { FIRST } from '../support/tls/certificates.ts'
import { handshake } from '../support/upgrades.ts'

const HANDSHAKE = `${handshake()}\r\n\r\n`

/** Connects, asks and resets some clients while this process looks away. */
function resetUnseen(port: number, clients: number): void {
  const code = `
    const { connect } = require('node:net')
    for (let left = ${clients}; left > 0; left--) {
      const socket = connect(${port}, '127.0.0.1')
      socket.on('connect', () => socket.write(${JSON.stringify(HANDSHAKE)}, () => socket.resetAndDestroy()))
    }`
  assert.equal(spawnSync(process.execPath, ['-e', code]).status, 0)
}

test('a client that is gone before it was accepted is served nothing', async (t) => {
  for (const tls of [undefined, { cert: FIRST.cert, key: FIRST.key }, 'raw'] as const) {
    const proxy = await passingTo(t, echo, tls === 'raw' ? { isRaw: true } : tls ? { tls } : {})
    resetUnseen(proxy.port, 5)
    // They were accepted in order.
    if (typeof tls === 'object') await secured(t, proxy)
    else assert.match(await exchange(t, proxy.port, `GET / HTTP/1.1\r\n${LAST}`), /^HTTP\/1\.1 200 /)
    assert.deepEqual([proxy.upgrades, proxy.refused], [[], []])
  }
})

async function secured(t: TestContext, { port }: Passing) {
  const below = connect({ port, host: '127.0.0.1' })
  t.after(() => below.destroy())
  const above = connectTls({ socket: below, rejectUnauthorized: false })
  await once(above, 'secureConnect')
  return { below, above }
}

test('one that resets later keeps its address, over TLS too', async (t) => {
  let below: Socket | undefined
  const peers: string[] = []
  const onUpgrade = (_request: unknown, socket: Duplex) => {
    below?.resetAndDestroy()
    peers.push(peerOf(socket))
    socket.destroy()
  }
  const plain = await passingTo(t, echo, { onUpgrade })
  below = connect({ port: plain.port, host: '127.0.0.1' }).on('error', () => {})
  const closed = once(below, 'close')
  below.write(HANDSHAKE)
  await closed
  const tls = await passingTo(t, echo, { onUpgrade, tls: { cert: FIRST.cert, key: FIRST.key } })
  const client = await secured(t, tls)
  below = client.below
  client.above.on('error', () => {})
  client.above.write(HANDSHAKE)
  await once(below, 'close')
  assert.deepEqual(peers, ['127.0.0.1', '127.0.0.1'])
})

test('one that is reset during the TLS handshake is let go', () => {
  const server = createServer()
  let seen = 0
  server.on('secureConnection', () => seen++)
  serveKnownPeers(server)
  const socket = { remoteAddress: undefined, destroyed: false, destroy: () => (socket.destroyed = true) }
  server.emit('secureConnection', socket)
  assert.deepEqual([seen, socket.destroyed], [0, true])
})
