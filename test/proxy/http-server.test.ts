import assert from 'node:assert/strict'
import { test } from 'node:test'
import { echo, passingTo } from '../support/pass.ts'
import { exchange } from '../support/raw.ts'

test('a client that takes too long over a head: 408, and nothing for one that said nothing (trap 49)', async (t) => {
  const proxy = await passingTo(t, echo, { handshakeTimeout: 20 })
  assert.match(await exchange(t, proxy.port, 'GET / HTTP/1.1\r\nHost:'), /^HTTP\/1\.1 408 /)
  assert.equal(await exchange(t, proxy.port, ''), '')
})

test('a WebSocket handshake is handed over with the bytes behind it', async (t) => {
  const heads: string[] = []
  const proxy = await passingTo(t, echo, {
    onUpgrade: (request, socket, head) => {
      assert.equal(request.socket.timeout, 0)
      heads.push(head.toString('latin1'))
      socket.end('HTTP/1.1 101 Yes\r\n\r\n')
    },
  })
  const handshake = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const received = await exchange(t, proxy.port, `GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${handshake}\x81\x80glued`)
  assert.match(received, /<GET \/1 >HTTP\/1\.1 101 Yes\r\n\r\n$/)
  assert.deepEqual(heads, ['\x81\x80glued'])
})
