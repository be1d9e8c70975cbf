import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { echo, LAST, passingTo } from '../support/pass.ts'
import { exchange, rawClient } from '../support/raw.ts'
import { FIRST } from '../support/tls/certificates.ts'
import { eventually, within } from '../support/upgrades.ts'

test('a client that takes too long over a head: 408, and nothing for one that said nothing (trap 49)', async (t) => {
  const proxy = await passingTo(t, echo, { handshakeTimeout: 20 })
  assert.match(await exchange(t, proxy.port, 'GET / HTTP/1.1\r\nHost:'), /^HTTP\/1\.1 408 /)
  assert.equal(await exchange(t, proxy.port, ''), '')
})

test('a WebSocket handshake is handed over with the bytes behind it', async (t) => {
  const heads: string[] = []
  const proxy = await passingTo(t, echo, {
    onUpgrade: (_request, socket, head) => {
      assert.ok(socket instanceof Socket)
      assert.equal(socket.timeout, 0)
      heads.push(head.toString('latin1'))
      socket.end('HTTP/1.1 101 Yes\r\n\r\n')
    },
  })
  const handshake = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const received = await exchange(t, proxy.port, `GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${handshake}\x81\x80glued`)
  assert.match(received, /<GET \/1 >HTTP\/1\.1 101 Yes\r\n\r\n$/)
  assert.deepEqual(heads, ['\x81\x80glued'])
})

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
const REFUSED: [name: string, request: string, status: number, detail: RegExp][] = [
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400, /^More than one Host$/],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, /^No Host$/],
  ['two Hosts of an upgrade', `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n${UPGRADE}\r\n`, 400, /^More than one Host$/],
  ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 405, /^Method not allowed$/],
  ['nonsense', 'nonsense\r\n\r\n', 400, /^Parse Error: /],
  ['two lengths', `POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n${LAST}`, 400, /^Parse Error: /],
  ['a long head', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n${LAST}`, 431, /^Request header fields too large$/],
  ['bad chunks', `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${LAST}zz\r\n`, 400, /^Parse Error: /],
]

for (const isRaw of [false, true])
  test(`what is refused before it reaches a handler is told once${isRaw ? ', through the fast lane too' : ''}`, async (t) => {
    const proxy = await passingTo(t, (request) => void request.resume(), { isRaw })
    for (const [name, request, status, detail] of REFUSED) {
      const client = await rawClient(t, proxy.port)
      client.send(request)
      assert.match(await client.ended, new RegExp(`^HTTP/1\\.1 ${status} `), name)
      // More of it is no other request.
      client.send(request)
      client.socket.end()
      await once(client.socket, 'close')
      const [told, ...more] = proxy.refused.splice(0)
      assert.deepEqual([told?.peer, told?.status, more], ['127.0.0.1', status, []], name)
      assert.match(told?.detail ?? '', detail, name)
    }
  })

test('a raw answer lingers where all do: in bounded number, for a bounded time', async (t) => {
  const proxy = await passingTo(t, echo)
  const client = await rawClient(t, proxy.port)
  client.send('nonsense\r\n\r\n')
  await client.ended
  assert.equal(proxy.linger.size, 1)
  proxy.advance(5_100)
  await eventually(() => proxy.linger.size === 0, 'the end of it')
})

test('resets, and connections that say nothing, are nothing to tell', async (t) => {
  const proxy = await passingTo(t, echo, { handshakeTimeout: 20 })
  const gone = await rawClient(t, proxy.port)
  gone.send('GET / HTTP/1.1\r\nHo')
  await new Promise(setImmediate)
  gone.socket.resetAndDestroy()
  const silent = await rawClient(t, proxy.port)
  assert.equal(await silent.ended, '')
  assert.deepEqual(proxy.refused, [])
})

test('a TLS handshake has the time that a head has; one that fails is answered with nothing', async (t) => {
  const proxy = await passingTo(t, echo, { tls: FIRST, handshakeTimeout: 100 })
  assert.equal(await within(exchange(t, proxy.port, ''), () => 'silence'), '')
  assert.equal(await within(exchange(t, proxy.port, '\x16\x03\x01\x02\x00'), () => 'half a hello'), '')
  assert.ok(!(await exchange(t, proxy.port, `GET / HTTP/1.1\r\n${LAST}`)).includes('HTTP'))
  assert.deepEqual(proxy.refused, [])
  const client = connect({ port: proxy.port, host: '127.0.0.1', rejectUnauthorized: false })
  t.after(() => client.destroy())
  client.write('nonsense\r\n\r\n')
  assert.match(String((await once(client, 'data'))[0]), /^HTTP\/1\.1 400 /)
  assert.deepEqual(
    proxy.refused.map(({ status, peer }) => [status, peer]),
    [[400, '127.0.0.1']],
  )
})
