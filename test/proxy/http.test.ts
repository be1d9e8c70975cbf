import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bodiesIn, echo, LAST, passing, passingTo, rawBoth } from '../support/pass.ts'
import { exchange, rawClient } from '../support/raw.ts'

/** What the proxy adds to a request. */
const ADDED = 'X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n'

const closed = (stream: { closed: boolean; once: (event: 'close', listener: () => void) => unknown }) =>
  stream.closed ? Promise.resolve() : new Promise<void>((resolve) => void stream.once('close', resolve))

test('a request reaches the backend byte for byte', async (t) => {
  const { behind, client } = await rawBoth(t)
  client.send(
    'GET /a%2F../b?q=%20&&=[]"|\'#f HTTP/1.1\r\nhOsT: a\r\nX-B: 1\r\nx-a: caf\xe9 \xff\r\nX-b:2\r\nX-Empty:\r\n\r\n',
  )
  const connection = await behind.connection(0)
  assert.equal(
    await connection.until('\r\n\r\n'),
    'GET /a%2F../b?q=%20&&=[]"|\'#f HTTP/1.1\r\nhOsT: a\r\nX-B: 1\r\nx-a: caf\xe9 \xff\r\nX-b: 2\r\nX-Empty: \r\n' +
      `${ADDED}X-Forwarded-Host: a\r\nX-Request-ID: r1\r\nConnection: keep-alive\r\n\r\n`,
  )
})

test('an answer reaches the client byte for byte', async (t) => {
  const { behind, client } = await rawBoth(t)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const connection = await behind.connection(0)
  await connection.until('\r\n\r\n')
  connection.send(
    'HTTP/1.1 299 Fine \xe9\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-L: \xe9\xff\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\n' +
      'Proxy-Authenticate: x\r\nCONTENT-LENGTH: 5\r\nDate: never\r\nServer: s\r\n\r\nh\0\xff\r\n',
  )
  assert.equal(
    await client.until('h\0\xff\r\n'),
    'HTTP/1.1 299 Fine \xe9\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-L: \xe9\xff\r\nCONTENT-LENGTH: 5\r\nDate: never\r\nServer: s\r\n' +
      'Connection: keep-alive\r\nKeep-Alive: timeout=75\r\n\r\nh\0\xff\r\n',
  )
})

test('an answer may have more headers than node keeps by itself', async (t) => {
  const { behind, client } = await rawBoth(t)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const connection = await behind.connection(0)
  await connection.until('\r\n\r\n')
  connection.send(`HTTP/1.1 200 OK\r\n${'a: 1\r\n'.repeat(2_100)}Content-Length: 0\r\n\r\n`)
  assert.equal((await client.until('\r\n\r\n')).match(/\r\na: 1/g)?.length, 2_100)
})

test('every method passes, with the framing of its body', async (t) => {
  const proxy = await passingTo(t, echo)
  const client = await rawClient(t, proxy.port)
  const methods = 'GET POST PUT PATCH DELETE OPTIONS TRACE PROPFIND REPORT QUERY'.split(' ')
  const shapes: [headers: string, body: string, framing: string][] = [
    ['', '', ''],
    ['Content-Length: 2\r\n', 'hi', 'Content-Length 2'],
    ['Content-Length: 0\r\n', '', 'Content-Length 0'],
    ['Transfer-Encoding: chunked\r\n', '1\r\nh\r\n1\r\ni\r\n0\r\n\r\n', 'Transfer-Encoding chunked'],
  ]
  for (const method of methods) {
    for (const [headers, body, framing] of shapes) {
      const target = `/${proxy.backend.requests.length}`
      client.send(`${method} ${target} HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`)
      await client.until(`<${method} ${target} ${body === '' ? '' : 'hi'}>`)
      const seen = framingOf(proxy.backend.requests.at(-1))
      // A POST without a length gets the one it means.
      const expected = framing === '' && !/GET|DELETE|OPTIONS|TRACE/.test(method) ? 'Content-Length 0' : framing
      assert.equal(seen, expected, `${method} ${framing}`)
    }
  }
})

function framingOf(request: IncomingMessage | undefined): string {
  const raw = request?.rawHeaders ?? []
  const names = raw.filter((name, index) => index % 2 === 0 && /^(content-length|transfer-encoding)$/i.test(name))
  return names.map((name) => `${name} ${raw[raw.indexOf(name) + 1]}`).join()
}

test('a chunked DELETE hides no request in its body (CVE-2026-29057)', async (t) => {
  const proxy = await passingTo(t, echo)
  const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'
  for (const method of ['DELETE', 'OPTIONS', 'GET', 'HEAD']) {
    const body = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`
    await exchange(t, proxy.port, `${method} /seen HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${LAST}${body}`)
  }
  assert.deepEqual(
    proxy.backend.requests.map((request) => request.url),
    ['/seen', '/seen', '/seen', '/seen'],
  )
})

test('targets that are no URL pass as they came', async (t) => {
  const proxy = await passingTo(t, echo)
  const targets = [
    'http://[::1',
    '//',
    'http://',
    'http://host:99999/',
    '/%',
    '/%zz?%',
    '/\\',
    '/{}|^`',
    '///etc',
    '/a?b?c',
    '/__proto__',
  ]
  for (const target of targets) {
    const received = await exchange(t, proxy.port, `GET ${target} HTTP/1.1\r\n${LAST}`)
    assert.ok(received.includes(`<GET ${target} >`), `${target}: ${received}`)
  }
  assert.ok((await exchange(t, proxy.port, `OPTIONS * HTTP/1.1\r\n${LAST}`)).includes('<OPTIONS * >'))
})

test('an HTTP/1.0 client without a Host gets one that the backend can use', async (t) => {
  const proxy = await passingTo(t, echo)
  assert.deepEqual(bodiesIn(await exchange(t, proxy.port, 'GET /a HTTP/1.0\r\n\r\n')), ['<GET /a >'])
  assert.equal(proxy.backend.requests[0]?.headers.host, `127.0.0.1:${proxy.backend.port}`)
})

test('a connection is kept, on both sides', async (t) => {
  const proxy = await passingTo(t, (request, response) => response.end(`<${request.url} ${request.socket.remotePort}>`))
  const client = await rawClient(t, proxy.port)
  for (const target of ['/1', '/2', '/3']) {
    client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await client.until(`<${target} `)
    // The agent takes the connection back on the turn after.
    await new Promise(setImmediate)
  }
  const ports = bodiesIn(client.received()).map((body) => body.split(' ')[1])
  assert.equal(ports.length, 3)
  assert.equal(new Set(ports).size, 1)
})

test('a client that leaves takes its request with it, at once (trap 41)', async (t) => {
  const proxy = await passingTo(t, (request, response) => {
    request.on('error', () => {})
    if (request.url === '/answering') response.write('some')
  })
  const shapes = ['GET /thinking HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /answering HTTP/1.1\r\nHost: a\r\n\r\n']
  shapes.push('POST /uploading HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nsome')
  for (const [index, shape] of shapes.entries()) {
    const client = await rawClient(t, proxy.port)
    client.send(shape)
    if (!proxy.backend.requests[index]) await once(proxy.backend.server, 'request')
    const request = proxy.backend.requests[index]
    assert.ok(request)
    if (index === 0) client.socket.resetAndDestroy()
    else client.socket.destroy()
    await closed(request.socket)
  }
  assert.deepEqual(proxy.failures, [])
})

test('a client that leaves during an upload which was answered early takes that with it, too', async (t) => {
  const { behind, client } = await rawBoth(t)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nsome')
  const connection = await behind.connection(0)
  await connection.until('some')
  connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  await client.until(/ok$/)
  client.socket.destroy()
  await connection.ended
})

test('an answer that breaks off breaks off for the client', async (t) => {
  const { behind, proxy, client } = await rawBoth(t)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const connection = await behind.connection(0)
  await connection.until('\r\n\r\n')
  connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n')
  await client.until('some')
  connection.socket.destroy()
  assert.ok((await client.ended).endsWith('4\r\nsome\r\n'))
  assert.match(proxy.failures[0]?.detail ?? '', /broke off/)
})

test('an early refusal of an upload arrives, and the rest of the upload is read', async (t) => {
  const proxy = await passingTo(t, (_request, response) => {
    response.writeHead(413, { Connection: 'close', 'Content-Length': 3 }).end('big')
  })
  const client = await rawClient(t, proxy.port)
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${4 << 20}\r\n\r\n`)
  await client.until('big')
  client.send('x'.repeat(4 << 20))
  client.send(`GET /next HTTP/1.1\r\n${LAST}`)
  assert.match(await client.ended, /^HTTP\/1\.1 413 [\s\S]*bigHTTP\/1\.1 413 /)
})

test('a backend on a unix socket', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wsluice-'))
  t.after(() => rm(folder, { recursive: true }))
  const server = createServer(echo).listen(join(folder, 's'))
  t.after(() => server.close())
  await once(server, 'listening')
  const proxy = await passing(t, [`unix:${join(folder, 's')}`])
  assert.deepEqual(bodiesIn(await exchange(t, proxy.port, `GET /a HTTP/1.1\r\n${LAST}`)), ['<GET /a >'])
})
