import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { backend, passing } from '../support/pass.ts'
import { exchange, rawClient } from '../support/raw.ts'

const POST = 'POST /x HTTP/1.1\r\nHost: a\r\n'
const GET = 'GET /x HTTP/1.1\r\nHost: a\r\n'
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`
/** A second request, which only a parser that reads the first one otherwise would see. */
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'
const many = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: 1\r\n`).join('')

/** Without the fast lane and with it. */
const LANES = [false, true]
const through = (isRaw: boolean) => (isRaw ? ', through the fast lane too' : '')

/** Refused before anything of it reaches the backend. */
const REFUSED: [name: string, request: string, status: number][] = [
  [
    'Content-Length, then Transfer-Encoding',
    `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    'Transfer-Encoding, then Content-Length',
    `${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['two lengths that differ', `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, 400],
  ['two lengths that agree', `${POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 400],
  ['a list of lengths', `${POST}Content-Length: 5,5\r\n\r\nhello`, 400],
  ['a list of lengths with a blank', `${POST}Content-Length: 5, 5\r\n\r\nhello`, 400],
  ['a length with a plus', `${POST}Content-Length: +5\r\n\r\nhello`, 400],
  ['a negative length', `${POST}Content-Length: -5\r\n\r\nhello`, 400],
  ['a hexadecimal length', `${POST}Content-Length: 0x5\r\n\r\nhello`, 400],
  ['an empty length', `${POST}Content-Length:\r\n\r\nhello`, 400],
  ['a length with a blank inside', `${POST}Content-Length: 5 5\r\n\r\nhello`, 400],
  ['a length beyond 64 bits', `${POST}Content-Length: 99999999999999999999999\r\n\r\nhello`, 400],
  ['a length after a vertical tab', `${POST}Content-Length: \x0b5\r\n\r\nhello`, 400],
  ['identity', `${POST}Transfer-Encoding: identity\r\n\r\n${HIDDEN}`, 400],
  ['chunked, identity', `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`, 400],
  ['gzip, chunked', `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 400],
  ['xchunked', `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 400],
  ['chunkedx', `${POST}Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n`, 400],
  ['chunked twice', `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['chunked, chunked', `${POST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 400],
  [
    'two codings on two lines',
    `${POST}Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['an empty element before chunked', `${POST}Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n`, 400],
  ['an empty element after chunked', `${POST}Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n`, 400],
  ['chunked with a parameter', `${POST}Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n`, 400],
  ['chunked in quotes', `${POST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`, 400],
  ['chunked after a vertical tab', `${POST}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n`, 400],
  ['an empty coding', `${POST}Transfer-Encoding:\r\n\r\n${HIDDEN}`, 400],
  ['identity on a GET', `${GET}Transfer-Encoding: identity\r\n\r\n${HIDDEN}`, 400],
  ['chunked on HTTP/1.0', 'POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['obs-fold', `${GET}X-A: b\r\n c\r\n\r\n`, 400],
  ['obs-fold with a tab', `${GET}X-A: b\r\n\tc\r\n\r\n`, 400],
  ['obs-fold before the value', `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`, 400],
  ['a blank before the first header', 'GET /x HTTP/1.1\r\n Host: a\r\n\r\n', 400],
  ['bare LF throughout', 'GET /x HTTP/1.1\nHost: a\n\n', 400],
  ['bare LF after the request line', 'GET /x HTTP/1.1\nHost: a\r\n\r\n', 400],
  ['bare LF after a header', `${GET}X-A: b\nX-B: c\r\n\r\n`, 400],
  ['bare LF at the end', `${GET}X-A: b\r\n\n`, 400],
  ['bare CR', `${GET}X-A: b\rX-B: c\r\n\r\n`, 400],
  ['CR CR LF', `${GET}X-A: b\r\r\n\r\n`, 400],
  ['a blank before the colon', `${GET}X-A : b\r\n\r\n`, 400],
  ['a tab before the colon', `${GET}X-A\t: b\r\n\r\n`, 400],
  ['a blank before the colon of Content-Length', `${POST}Content-Length : 5\r\n\r\nhello`, 400],
  ['no colon', `${GET}XA\r\n\r\n`, 400],
  ['an empty name', `${GET}: b\r\n\r\n`, 400],
  ['a blank in a name', `${GET}X A: b\r\n\r\n`, 400],
  ['NUL in a name', `${GET}X\0A: b\r\n\r\n`, 400],
  ['Latin-1 in a name', `${GET}X\xe9: b\r\n\r\n`, 400],
  ['NUL in a value', `${GET}X-A: b\0c\r\n\r\n`, 400],
  ['a control byte in a value', `${GET}X-A: b\x01c\r\n\r\n`, 400],
  ['HTTP/0.9 without a version', 'GET /x\r\n\r\n', 505],
  ['HTTP/0.9 with a version', 'GET /x HTTP/0.9\r\nHost: a\r\n\r\n', 505],
  ['HTTP/1.2', 'GET /x HTTP/1.2\r\nHost: a\r\n\r\n', 400],
  ['HTTP/1.10', 'GET /x HTTP/1.10\r\nHost: a\r\n\r\n', 400],
  ['HTTP/2.0', 'GET /x HTTP/2.0\r\nHost: a\r\n\r\n', 505],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['a method in lower case', 'get /x HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a blank in the target', 'GET /x y HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a tab between the words', 'GET\t/x\tHTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['NUL in the target', 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['no Host', 'GET /x HTTP/1.1\r\n\r\n', 400],
  ['two Hosts', 'GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['two Hosts that agree', 'GET /x HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n', 400],
  ['two Hosts on HTTP/1.0', 'GET /x HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['a list of Hosts', 'GET /x HTTP/1.1\r\nHost: a, b\r\n\r\n', 400],
  ['a Host with userinfo', 'GET /x HTTP/1.1\r\nHost: a@b\r\n\r\n', 400],
  ['a Host with a path', 'GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
  ['a Host with a blank', 'GET /x HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
  ['a 101st header', `GET /x HTTP/1.1\r\nHost: a\r\n${many(100)}\r\n`, 431],
  ['framing after the 100th header', `${POST}${many(105)}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 431],
  ['a head above 16 KiB', `${GET}X: ${'a'.repeat(17_000)}\r\n\r\n`, 431],
  ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
]

/** Refused when the head has already been passed on: the backend's request is cut off, its body never ends. */
const BAD_BODIES: [name: string, body: string][] = [
  ['a negative chunk size', '-1\r\nx'],
  ['a chunk size with 0x', '0x1\r\na\r\n0\r\n\r\n'],
  ['a blank after the chunk size', '1 \r\na\r\n0\r\n\r\n'],
  ['a blank before the chunk size', ' 1\r\na\r\n0\r\n\r\n'],
  ['a chunk size beyond 64 bits', '10000000000000001\r\na\r\n0\r\n\r\n'],
  ['no chunk size', '\r\n0\r\n\r\n'],
  ['bare LF after the chunk size', '1\na\r\n0\r\n\r\n'],
  ['bare LF in a chunk extension', '1;a=\nb\r\na\r\n0\r\n\r\n'],
  ['bare LF after the chunk', '1\r\na\n0\r\n\r\n'],
  ['a chunk longer than its size', '1\r\nab\r\n0\r\n\r\n'],
  ['bare CR after the chunk', '1\r\na\rX0\r\n\r\n'],
  ['bare LF at the end', '1\r\na\r\n0\r\n\n'],
  ['framing in the trailers', '1\r\na\r\n0\r\nContent-Length: 5\r\n\r\n'],
]

for (const isRaw of LANES)
  test(`requests with two meanings are refused, and nothing of them reaches the backend${through(isRaw)}`, async (t) => {
    const behind = await backend(t, (_request, response) => response.end())
    const proxy = await passing(t, [behind.port], { isRaw })
    for (const [name, request, status] of REFUSED) {
      const received = await exchange(t, proxy.port, request)
      assert.match(received, new RegExp(`^HTTP/1\\.1 ${status} `), name)
      assert.match(received, /\r\nConnection: close\r\n/, name)
      assert.equal(received.match(/HTTP\/1\.1/g)?.length, 1, `${name}: answered once`)
    }
    assert.deepEqual(
      behind.requests.map((request) => request.url),
      [],
    )
  })

// The timeout: a request cut off late, when the client has gone at last, is not cut off.
for (const isRaw of LANES)
  test(`bodies with two meanings are refused, and the backend never sees them end${through(isRaw)}`, {
    timeout: 4_000,
  }, async (t) => {
    const behind = await backend(t, (request) => request.on('error', () => {}).resume())
    const proxy = await passing(t, [behind.port], { isRaw })
    for (const [name, body] of BAD_BODIES) {
      const client = await rawClient(t, proxy.port)
      client.send(CHUNKED)
      // The event's first argument is the request.
      const [request] = (await once(behind.server, 'request')) as [IncomingMessage]
      client.send(body + HIDDEN)
      assert.match(await client.ended, /^HTTP\/1\.1 400 [\s\S]*Bad request\n$/, name)
      // once() would reject on the error that comes before.
      if (!request.closed) await new Promise((resolve) => request.once('close', resolve))
      assert.equal(request.complete, false, name)
    }
    assert.equal(behind.requests.length, BAD_BODIES.length)
  })

for (const isRaw of LANES)
  test(`what has one meaning passes, though it looks odd${through(isRaw)}`, async (t) => {
    const behind = await backend(t, (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => response.end(`${request.url}=${Buffer.concat(chunks).toString('latin1')}`))
    })
    const proxy = await passing(t, [behind.port], { isRaw })
    const accepted: [name: string, request: string, body: string][] = [
      ['CHUNKED', `${POST}Connection: close\r\nTransfer-Encoding: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n`, '/x=a'],
      ['leading zeros', `${POST}Connection: close\r\nContent-Length: 05\r\n\r\nhello`, '/x=hello'],
      [
        'a chunk extension',
        `${POST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\na\r\n0\r\n\r\n`,
        '/x=a',
      ],
      ['an empty line before', `\r\n${GET}Connection: close\r\n\r\n`, '/x='],
      ['an empty Host', 'GET /x HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', '/x='],
      ['100 headers', `GET /x HTTP/1.1\r\nHost: a\r\n${many(98)}Connection: close\r\n\r\n`, '/x='],
    ]
    for (const [name, request, body] of accepted) {
      const received = await exchange(t, proxy.port, request)
      assert.match(received, /^HTTP\/1\.1 200 /, name)
      assert.ok(received.includes(body), `${name}: ${received}`)
    }
  })
