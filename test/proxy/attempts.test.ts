/** Where an ordinary request goes when an upstream cannot be reached, is late, or answers nonsense. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { backend, bodiesIn, closedPort, echo, LAST, passing, passingTo, rawBoth } from '../support/pass.ts'
import { exchange, rawClient, rawServer } from '../support/raw.ts'

test('an upstream that cannot be reached: the next one, with the body; then 502', async (t) => {
  const dead = await closedPort()
  const behind = await backend(t, echo)
  const proxy = await passing(t, [dead, behind.port, dead])
  const send = () => exchange(t, proxy.port, `POST /a HTTP/1.1\r\nContent-Length: 2\r\n${LAST}hi`)
  for (const _ of [1, 2, 3]) assert.deepEqual(bodiesIn(await send()), ['<POST /a hi>'])
  const client = await rawClient(t, proxy.port)
  client.send('POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n')
  await once(behind.server, 'request')
  client.send('hi')
  await client.until('<POST /b hi>')
  assert.deepEqual(proxy.failures, [])

  const none = await passing(t, [dead, dead])
  const received = await exchange(t, none.port, `POST /a HTTP/1.1\r\nContent-Length: 2\r\n${LAST}hi`)
  assert.match(received, /^HTTP\/1\.1 502 Bad Gateway\r\n[\s\S]*\r\n\r\nBad gateway\n$/)
  assert.equal(none.failures.length, 1)
  assert.equal(none.failures[0]?.reason, 'upstream_unreachable')
  assert.match(none.failures[0]?.detail ?? '', /ECONNREFUSED/)
  assert.ok(!received.includes(String(dead)) && !received.includes('ECONN'))
})

test('an upstream that accepts no connection in time: 504', async (t) => {
  // A TLS handshake that the server never answers is a connection not made.
  const silent = await rawServer(t)
  const proxy = await passing(t, [`https://127.0.0.1:${silent.port}`], { connectTimeout: 20 })
  assert.match(await exchange(t, proxy.port, `GET / HTTP/1.1\r\n${LAST}`), /^HTTP\/1\.1 504 [\s\S]*Bad gateway\n$/)
  assert.deepEqual(
    proxy.failures.map((failure) => failure.reason),
    ['upstream_timeout'],
  )
})

test('an answer may take longer than the connection may', async (t) => {
  const proxy = await passingTo(t, (_request, response) => setTimeout(() => response.end('late'), 40), {
    connectTimeout: 10,
  })
  assert.match(await exchange(t, proxy.port, `GET / HTTP/1.1\r\n${LAST}`), /^HTTP\/1\.1 200 [\s\S]*late/)
})

test('hostile backends cost a 502', async (t) => {
  const behind = await rawServer(t)
  const proxy = await passing(t, [behind.port])
  const answers = [
    'HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x00',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x00',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX: a\nb: c\r\n\r\n',
    'HTTP/1.1 099 Hm\r\nContent-Length: 0\r\n\r\n',
    `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`,
    'nonsense\r\n\r\n',
    'HTTP/1.1 200 OK\r\n',
    '',
  ]
  for (const [index, answer] of answers.entries()) {
    const client = await rawClient(t, proxy.port)
    client.send(`GET / HTTP/1.1\r\n${LAST}`)
    const connection = await behind.connection(index)
    await connection.until('\r\n\r\n')
    connection.socket.end(answer, 'latin1')
    assert.match(
      await client.ended,
      /^HTTP\/1\.1 502 Bad Gateway\r\n[\s\S]*\r\n\r\nBad gateway\n$/,
      JSON.stringify(answer.slice(0, 60)),
    )
  }
  assert.equal(proxy.failures.length, answers.length)
})

test('a kept connection that the backend has closed: the request is sent again once, if that is safe', async (t) => {
  const { behind, proxy } = await rawBoth(t)
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  /** Sends a request on a connection of its own, over the kept connection to the backend, which is reset on seeing it. */
  const overStale = async (request: string, index: number) => {
    const first = await rawClient(t, proxy.port)
    first.send('GET /first HTTP/1.1\r\nHost: a\r\n\r\n')
    const stale = await behind.connection(index)
    await stale.until('\r\n\r\n')
    stale.send(ok)
    await first.until(/ok$/)
    await new Promise(setImmediate)
    const client = await rawClient(t, proxy.port)
    client.send(request)
    await stale.until('/second')
    stale.socket.resetAndDestroy()
    return client
  }
  const again = await overStale(`GET /second HTTP/1.1\r\n${LAST}`, 0)
  const retried = await behind.connection(1)
  await retried.until('GET /second')
  retried.send(ok)
  assert.match(await again.ended, /^HTTP\/1\.1 200 /)

  const upload = await overStale(`PUT /second HTTP/1.1\r\nContent-Length: 2\r\n${LAST}hi`, 2)
  assert.match(await upload.ended, /^HTTP\/1\.1 502 /)

  const bare = await overStale(`POST /second HTTP/1.1\r\nContent-Length: 0\r\n${LAST}`, 3)
  assert.match(await bare.ended, /^HTTP\/1\.1 502 /)

  const twice = await overStale(`GET /second HTTP/1.1\r\n${LAST}`, 4)
  const second = await behind.connection(5)
  await second.until('GET /second')
  second.socket.resetAndDestroy()
  assert.match(await twice.ended, /^HTTP\/1\.1 502 /)
  assert.equal(behind.connections.length, 6)
})

test('a backend whose answer cannot be passed on is let go of at once', async (t) => {
  const { behind, proxy } = await rawBoth(t)
  const answers = [
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n',
  ]
  for (const [index, answer] of answers.entries()) {
    const client = await rawClient(t, proxy.port)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    const connection = await behind.connection(index)
    await connection.until('\r\n\r\n')
    connection.send(answer)
    await connection.ended
    await client.until(/^HTTP\/1\.1 502 [\s\S]*Bad gateway\n$/)
  }
})

test('a backend that dies during an upload: 502, and the connection goes on after the upload', async (t) => {
  const { behind, client } = await rawBoth(t)
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${4 << 20}\r\n\r\nx`)
  const connection = await behind.connection(0)
  await connection.until('\r\n\r\nx')
  connection.socket.resetAndDestroy()
  await client.until(/^HTTP\/1\.1 502 [\s\S]*Bad gateway\n$/)
  client.send(`${'x'.repeat((4 << 20) - 1)}GET /next HTTP/1.1\r\n${LAST}`)
  await (await behind.connection(1)).until('GET /next')
})
