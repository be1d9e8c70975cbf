import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { echo, LAST, passingTo, rawBoth } from '../support/pass.ts'
import { exchange, rawClient } from '../support/raw.ts'
import { settled } from '../support/settled.ts'
import { eventually } from '../support/upgrades.ts'

test('HEAD, 204 and 304 have no body, whatever their headers say', async (t) => {
  const proxy = await passingTo(t, (request, response) => {
    const [, status, name, value] = request.url?.split('/') ?? []
    response.writeHead(Number(status), name ? { [name]: value } : {}).end()
  })
  const client = await rawClient(t, proxy.port)
  const send = async (request: string) => {
    const before = client.received().length
    client.send(`${request} HTTP/1.1\r\nHost: a\r\n\r\n`)
    return (await client.until(new RegExp(`^.{${before}}HTTP/1\\.1 .*?\r\n\r\n`, 's'))).slice(before)
  }
  assert.match(await send('HEAD /200/Content-Length/5'), /^HTTP\/1\.1 200 OK\r\nContent-Length: 5\r\n[\s\S]*\r\n\r\n$/)
  assert.match(
    await send('HEAD /200/Transfer-Encoding/chunked'),
    /^HTTP\/1\.1 200 OK\r\n[\s\S]*Transfer-Encoding: chunked\r\n[\s\S]*\r\n\r\n$/,
  )
  assert.match(await send('HEAD /200'), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/)
  assert.match(
    await send('GET /304/Content-Length/5'),
    /^HTTP\/1\.1 304 Not Modified\r\nContent-Length: 5\r\n[\s\S]*\r\n\r\n$/,
  )
  assert.match(await send('GET /304/ETag/x'), /^HTTP\/1\.1 304 Not Modified\r\nETag: x\r\n[\s\S]*\r\n\r\n$/)
  assert.match(await send('GET /204'), /^HTTP\/1\.1 204 No Content\r\n[\s\S]*\r\n\r\n$/)
  assert.match(await send('GET /200/Content-Length/0'), /^HTTP\/1\.1 200 OK\r\nContent-Length: 0\r\n[\s\S]*\r\n\r\n$/)
})

test('bodies stream in both directions at once', async (t) => {
  const { behind, client } = await rawBoth(t)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
  const connection = await behind.connection(0)
  await connection.until('\r\n\r\n')
  connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
  await client.until('\r\n\r\n')
  for (const word of ['one', 'two']) {
    client.send(`3\r\n${word}\r\n`)
    await connection.until(`3\r\n${word}\r\n`)
    connection.send(`4\r\n${word}!\r\n`)
    await client.until(`4\r\n${word}!\r\n`)
  }
  connection.send('0\r\n\r\n')
  await client.until('\r\n0\r\n\r\n')
  client.send('5\r\nthree\r\n0\r\n\r\n')
  await connection.until('5\r\nthree\r\n0\r\n\r\n')
})

test('a large body passes without being held: a reader that does not read stops the writer', async (t) => {
  const total = 64 << 20
  const proxy = await passingTo(t, (request, response) => {
    const source = Buffer.alloc(1 << 20, 'x')
    let left = total / source.length
    const write = () => {
      while (left-- > 0) if (!response.write(source)) return void response.once('drain', write)
      response.end()
    }
    request.resume()
    write()
  })
  const client = await rawClient(t, proxy.port)
  client.socket.pause()
  client.send(`GET / HTTP/1.1\r\n${LAST}`)
  await once(proxy.backend.server, 'request')
  // Loopback buffers a few MiB at most; when the backend cannot write for 50 turns of its socket it has been stopped.
  const sent = await settled(() => [...proxy.backend.requests].map((request) => request.socket.bytesWritten)[0] ?? 0)
  assert.ok(sent < total / 2, `${sent} bytes were taken from the backend for a client that reads nothing`)
  client.socket.resume()
  assert.ok((await client.ended).length > total)
})

test('Expect: 100-continue: the backend decides', async (t) => {
  const { behind, client } = await rawBoth(t)
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n'
  client.send(head)
  const connection = await behind.connection(0)
  await connection.until(/Expect: 100-continue\r\n[\s\S]*\r\n\r\n$/)
  assert.equal(client.received(), '')
  connection.send('HTTP/1.1 100 Continue\r\n\r\n')
  assert.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
  client.send('hi')
  await connection.until('\r\n\r\nhi')
  connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK')
  await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*OK$/)

  const refused = await rawClient(t, client.socket.remotePort ?? 0)
  refused.send(head)
  await connection.until(/hi[\s\S]*Expect: 100-continue\r\n[\s\S]*\r\n\r\n$/)
  connection.send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno')
  assert.match(await refused.ended, /^HTTP\/1\.1 417 Expectation Failed\r\n[\s\S]*Connection: close\r\n[\s\S]*no$/)
})

test('Expect beside Latin-1: the header stays as it came, the 100 is ours', async (t) => {
  const { behind, client } = await rawBoth(t)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nX-L: \xe9\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n')
  assert.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
  client.send('hi')
  assert.match(await (await behind.connection(0)).until('hi'), /\r\nX-L: \xe9\r\n/)
})

test('another expectation is the backend’s to judge', async (t) => {
  const proxy = await passingTo(t, echo)
  proxy.backend.server.on('checkExpectation', (_request, response) => response.writeHead(418).end())
  assert.match(await exchange(t, proxy.port, `GET / HTTP/1.1\r\nExpect: tea\r\n${LAST}`), /^HTTP\/1\.1 418 /)
})

test('informational answers pass as they came, not to HTTP/1.0', async (t) => {
  const { behind, proxy, client } = await rawBoth(t)
  const hints =
    'HTTP/1.1 103 Early Hints\r\nLINK: </a>; rel=preload\r\nx-l: \xe9\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const connection = await behind.connection(0)
  await connection.until('\r\n\r\n')
  connection.send(hints)
  assert.equal(await client.until('102 Processing\r\n\r\n'), hints)
  connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  await client.until('200 OK')

  const old = await rawClient(t, proxy.port)
  old.send('GET /old HTTP/1.0\r\n\r\n')
  await connection.until('GET /old HTTP/1.1\r\n')
  connection.send(
    `HTTP/1.1 100 Continue\r\n\r\n${hints}HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  )
  const received = await old.ended
  assert.match(received, /^HTTP\/1\.1 200 OK\r\nConnection: close\r\n\r\nok$/)
})

test('informational answers are dropped while the client does not read', async (t) => {
  const { behind, client } = await rawBoth(t)
  client.socket.pause()
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const connection = await behind.connection(0)
  await connection.until('\r\n\r\n')
  const hint = `HTTP/1.1 103 Early Hints\r\n${`Link: <${'x'.repeat(990)}>\r\n`.repeat(50)}\r\n`
  const times = 1000
  for (let sent = 0; sent < times; sent++) connection.send(hint)
  // Were they queued, the backend would be stopped, or the memory grow: all of them are read.
  await eventually(() => connection.socket.writableLength === 0, 'all hints')
  connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  client.socket.resume()
  const received = await client.until('200 OK')
  assert.ok(received.length < (times * hint.length) / 2, `${received.length} bytes were queued`)
})

test('trailers pass in both directions, without what must not stand there', async (t) => {
  const { behind, client } = await rawBoth(t)
  client.send(
    'POST / HTTP/1.1\r\nHost: a\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: \xe9\r\nx-sum: 2\r\n' +
      'X-Auth-User: root\r\nX_Forwarded_For: 1.1.1.1\r\nHost: b\r\n\r\n',
  )
  const connection = await behind.connection(0)
  const request = await connection.until(/0\r\n[\s\S]*\r\n\r\n$/)
  assert.match(request, /\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n/)
  assert.ok(request.endsWith('\r\n\r\n1\r\na\r\n0\r\nX-Sum: \xe9\r\nx-sum: 2\r\n\r\n'), request)
  connection.send(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: ETag\r\n\r\n1\r\nb\r\n0\r\nETag: \xe9\r\nSet-Cookie: a\r\n\r\n',
  )
  const answer = await client.until('\r\n0\r\n')
  assert.match(answer, /\r\nTrailer: ETag\r\n/)
  assert.ok(answer.endsWith('\r\n\r\n1\r\nb\r\n0\r\nETag: \xe9\r\n\r\n'), answer)
})

test('a Trailer header where there is no chunked body ends nothing (trap 37)', async (t) => {
  const proxy = await passingTo(t, (_request, response) => {
    response.socket?.end('HTTP/1.1 200 OK\r\nTrailer: X\r\nContent-Length: 2\r\n\r\nok')
  })
  assert.match(await exchange(t, proxy.port, `GET / HTTP/1.1\r\nTrailer: X\r\n${LAST}`), /^HTTP\/1\.1 200 OK[\s\S]*ok$/)
})

test('an event stream is open before its first event', async (t) => {
  const proxy = await passingTo(t, (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-L': '\xe9' }).write(Buffer.alloc(0))
    proxy.backend.server.once('tick', () => response.write('data: 1\n\n'))
  })
  const client = await rawClient(t, proxy.port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(await client.until('\r\n\r\n'), /\r\nX-L: \xe9\r\n[\s\S]*\r\n\r\n$/)
  proxy.backend.server.emit('tick')
  await client.until('data: 1\n\n')
})

test('a slow head of a request: its headers reach the backend before its body does', async (t) => {
  const { behind, client } = await rawBoth(t)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nX-L: \xe9\r\nContent-Length: 2\r\n\r\n')
  const connection = await behind.connection(0)
  assert.match(await connection.until('\r\n\r\n'), /\r\nX-L: \xe9\r\n/)
})
