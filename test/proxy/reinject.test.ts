import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { passingTo } from '../support/pass.ts'
import { exchange, rawClient } from '../support/raw.ts'

const H2C = 'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n'
const WEBSOCKET = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const names = request.rawHeaders.filter((_, index) => index % 2 === 0).join()
    response.end(`<${request.method} ${request.url} ${Buffer.concat(chunks).toString('latin1')} ${names}>`)
  })
}
const bodies = (received: string) =>
  received.match(/<[^>]*>/g)?.map((body) => body.split(' ').slice(0, 3).join(' ')) ?? []

test('an upgrade to something else is an ordinary request without it', async (t) => {
  const proxy = await passingTo(t, echo)
  const client = await rawClient(t, proxy.port)
  client.send(`GET /a HTTP/1.1\r\n${H2C}X-\xe9: no\r\n\r\n`.replace('X-\xe9: no', 'X-Word: \xe9'))
  await client.until('>')
  const [request] = proxy.backend.requests
  assert.ok(request)
  assert.deepEqual(request.rawHeaders.slice(0, 4), ['Host', 'a', 'X-Word', '\xe9'])
  assert.deepEqual(
    request.rawHeaders.filter((text) => /upgrade|http2|h2c/i.test(text)),
    [],
  )
  assert.deepEqual(proxy.upgrades, [])
})

test('its body, what is pipelined behind it, and the connection stay', async (t) => {
  const proxy = await passingTo(t, echo)
  const client = await rawClient(t, proxy.port)
  client.send(`POST /a HTTP/1.1\r\n${H2C}Content-Length: 5\r\n\r\nhello`)
  await client.until('</a'.replace('</a', '<POST /a hello'))
  client.send(`POST /b HTTP/1.1\r\n${H2C}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`)
  await once(proxy.backend.server, 'request')
  client.send(
    `1\r\nc\r\n0\r\n\r\nGET /c HTTP/1.1\r\nHost: a\r\n\r\nDELETE /d HTTP/1.1\r\n${H2C}\r\nGET /e HTTP/1.1\r\n${H2C}\r\n`,
  )
  await client.until('<GET /e')
  client.send('GET /f HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.deepEqual(bodies(await client.ended), [
    '<POST /a hello',
    '<POST /b abc',
    '<GET /c ',
    '<DELETE /d ',
    '<GET /e ',
    '<GET /f ',
  ])
})

test('it waits for the answers before it, however large', async (t) => {
  const big = Buffer.alloc(8 << 20, 'x')
  const proxy = await passingTo(t, (request, response) => {
    if (request.url === '/big') response.end(big)
    else echo(request, response)
  })
  const client = await rawClient(t, proxy.port)
  client.socket.pause()
  client.send(`GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /a HTTP/1.1\r\n${H2C}\r\n`)
  await once(proxy.backend.server, 'request')
  assert.equal(proxy.backend.requests.length, 1)
  client.socket.resume()
  const received = await client.until('<GET /a')
  assert.ok(received.indexOf('<GET /a') > big.length)
})

test('it is destroyed where the answer before it takes too long', async (t) => {
  const proxy = await passingTo(t, () => {}, { handshakeTimeout: 50 })
  assert.equal(await exchange(t, proxy.port, `GET /never HTTP/1.1\r\nHost: a\r\n\r\nGET /a HTTP/1.1\r\n${H2C}\r\n`), '')
  assert.deepEqual(
    proxy.backend.requests.map((request) => request.url),
    ['/never'],
  )
})

test('Connection: close beside it is honoured', async (t) => {
  const proxy = await passingTo(t, echo)
  const request = `GET /a HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: foo\r\n\r\n`
  assert.deepEqual(bodies(await exchange(t, proxy.port, request)), ['<GET /a '])
})

test('what is malformed is refused behind an upgrade too', async (t) => {
  const proxy = await passingTo(t, echo)
  for (const upgrade of ['h2c', 'websocket']) {
    const request = `GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`
    assert.match(await exchange(t, proxy.port, request), /^HTTP\/1\.1 400 /, upgrade)
  }
  assert.deepEqual([proxy.backend.requests, proxy.upgrades], [[], []])
})

test('a connection that goes back and forth keeps no listeners, and may still become a WebSocket', async (t) => {
  const counts: number[] = []
  const names = ['error', 'timeout', 'close', 'end', 'data', 'drain', 'pause', 'resume']
  const proxy = await passingTo(t, echo)
  proxy.server.on('connection', (socket) => {
    // After node's own listener, which was added first.
    counts.push(names.reduce((sum, name) => sum + socket.listenerCount(name), 0))
  })
  const client = await rawClient(t, proxy.port)
  for (let round = 0; round < 20; round++) {
    client.send(`GET /${round} HTTP/1.1\r\n${H2C}\r\n`)
    await client.until(`<GET /${round} `)
  }
  assert.equal(counts.length, 21)
  assert.ok(Math.max(...counts) <= (counts[1] ?? 0), counts.join())
  const connections = await new Promise((resolve) => proxy.server.getConnections((_error, count) => resolve(count)))
  assert.equal(connections, 1)
  client.send(WEBSOCKET)
  await client.ended
  assert.deepEqual(proxy.upgrades, ['/ws'])
})

test('a WebSocket among other offers is not ours to ignore', async (t) => {
  const proxy = await passingTo(t, echo)
  for (const offer of ['WebSocket', 'h2c, websocket', 'h2c\r\nUpgrade: websocket']) {
    await exchange(t, proxy.port, WEBSOCKET.replace('websocket', offer))
  }
  assert.deepEqual(proxy.upgrades, ['/ws', '/ws', '/ws'])
  assert.deepEqual(proxy.backend.requests, [])
})
