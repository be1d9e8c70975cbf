/** TLS on the listener: wss, re-read on reload, kept where the new files do not fit. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { WebSocket, WebSocketServer } from 'ws'
import { startTestProxy } from '../support/proxy.ts'
import { FIRST, SECOND } from '../support/tls/certificates.ts'

async function echoBackend() {
  const backend = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  const headers: (string | undefined)[] = []
  backend.on('connection', (socket, request) => {
    headers.push(String(request.headers['x-forwarded-proto']))
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  await once(backend, 'listening')
  // A WebSocketServer on a port has an address of this kind.
  const { port } = backend.address() as AddressInfo
  return { backend, headers, url: `http://127.0.0.1:${port}` }
}

const subject = async (port: number): Promise<unknown> => {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const name = socket.getPeerCertificate().subject.CN
  socket.destroy()
  return name
}

test('TLS on the listener', async (t) => {
  const { backend, headers, url } = await echoBackend()
  const files: Record<string, string> = { '/test/tls.crt': FIRST.cert, '/test/tls.key': FIRST.key }
  const proxy = await startTestProxy({ yaml: `upstream: ${url}\ntls: { cert: tls.crt, key: tls.key }\n`, files })
  t.after(async () => {
    await proxy.stop()
    backend.close()
  })
  const client = new WebSocket(`wss://127.0.0.1:${proxy.port}/`, { ca: FIRST.cert })
  t.after(() => client.terminate())
  await once(client, 'open')

  await t.test('frames pass, and the backend learns that it was TLS', async () => {
    client.send('x'.repeat(300_000))
    const [echo] = await once(client, 'message')
    assert.equal(String(echo).length, 300_000)
    assert.deepEqual(headers, ['https'])
  })

  await t.test('a reload serves the new certificate and keeps open connections', async () => {
    files['/test/tls.crt'] = SECOND.cert
    files['/test/tls.key'] = SECOND.key
    assert.deepEqual(await proxy.running.reload(), { ok: true })
    assert.equal(await subject(proxy.port), 'second.wsluice.test')
    client.send('still here')
    assert.equal(String((await once(client, 'message'))[0]), 'still here')
  })

  await t.test('files that do not fit each other change nothing', async () => {
    files['/test/tls.key'] = FIRST.key
    const reloaded = await proxy.running.reload()
    assert.match(reloaded.ok ? '' : reloaded.problems.join(), /tls: expected a PEM certificate and its private key/)
    assert.equal(await subject(proxy.port), 'second.wsluice.test')
    assert.ok(!proxy.written.join('').includes('PRIVATE KEY'))
  })
})
