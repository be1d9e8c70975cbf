/** Clients that speak first, over every kind of connection there is. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { folder } from '../support/command-line.ts'
import { firstMessages, mint, said } from '../support/first-message.ts'
import { listenTo } from '../support/raw.ts'
import { FIRST } from '../support/tls/certificates.ts'
import { accept, type End, endOf, handshake } from '../support/upgrades.ts'
import { bare, closing, masked } from '../support/wire-frames.ts'

const FILES = { '/test/tls.crt': FIRST.cert, '/test/tls.key': FIRST.key }
const TLS = 'tls: { cert: tls.crt, key: tls.key }'

/** A client over TLS that has asked. */
async function secureClient(t: TestContext, port: number): Promise<End> {
  const socket = connect({ port, host: '127.0.0.1', ca: FIRST.cert, checkServerIdentity: () => undefined })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  const client = endOf(listenTo(socket))
  client.send(`${handshake()}\r\n\r\n`)
  assert.equal((await client.head()).status, 101)
  return client
}

/** It is let through, to its end. */
async function converses(client: End, backend: Promise<End>): Promise<void> {
  const sent = said(await mint()) + masked(2, Buffer.alloc(300_000, 'x'))
  client.send(sent.slice(0, 40))
  client.send(sent.slice(40))
  const upstream = await backend
  await accept(upstream, { glued: bare(1, 'ack') })
  assert.ok((await upstream.bytes(sent.length)) === sent)
  client.send(masked(8, closing(1000)))
  assert.equal((await upstream.close()).code, 1000)
  upstream.send(bare(8, closing(1000)))
  assert.equal((await client.close()).code, 1000)
  assert.equal(String(client.frames()[0]?.payload), 'ack')
}

for (const wire of ['portable', 'fast'] as const) {
  test(`the ${wire} wire`, async (t) => {
    const { come, backend, nothingHeld, server } = await firstMessages(t, { top: `wire: ${wire}` })
    const client = await come()
    await converses(client, backend(0))
    for (const { socket } of [client.raw, ...server.connections]) socket.destroy()
    await nothingHeld()
  })

  test(`TLS on the listener, the ${wire} wire`, async (t) => {
    const { proxy, backend, nothingHeld, server, decided } = await firstMessages(
      t,
      { top: `${TLS}\nwire: ${wire}`, token: ', firstMessage: { timeout: 500ms }' },
      FILES,
    )
    const client = await secureClient(t, proxy.port)
    await converses(client, backend(0))
    const [silent, gone] = [await secureClient(t, proxy.port), await secureClient(t, proxy.port)]
    gone.raw.socket.destroy()
    assert.equal((await silent.close()).code, 4408)
    for (const { socket } of [client.raw, silent.raw, ...server.connections]) socket.destroy()
    await nothingHeld()
    assert.deepEqual(
      decided().map(([outcome, , reason]) => reason ?? outcome),
      ['admitted', 'token_missing', 'token_timeout'],
    )
  })
}

test('a backend on a unix socket', async (t) => {
  const path = join(folder(t, {}), 'backend.sock')
  const server: Server = createServer()
  server.listen(path)
  await once(server, 'listening')
  t.after(() => server.close())
  const backend = once(server, 'connection').then(([socket]) => {
    t.after(() => socket.destroy())
    return endOf(listenTo(socket))
  })
  const { come } = await firstMessages(t, { route: `, upstream: "unix:${path}"` })
  await converses(await come(), backend)
})
