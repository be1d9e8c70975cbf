/** Requests that ask for a WebSocket in a way RFC 6455 does not know: always an HTTP status, never the backend (trap 47). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, eventually, handshake, KEY, proxied } from '../support/upgrades.ts'
import { masked } from '../support/wire-frames.ts'

const good = handshake()
const keyLine = `Sec-WebSocket-Key: ${KEY}`
const without = (line: string) => good.replace(`\r\n${line}`, '')

const BAD: [name: string, request: string, status: number, header?: RegExp][] = [
  ['POST', good.replace('GET', 'POST'), 400],
  ['a fragment', good.replace('/ws', '/ws#f'), 400],
  ['a fragment behind a query', good.replace('/ws', '/ws?q=1#f'), 400],
  ['HTTP/1.0', good.replace('HTTP/1.1', 'HTTP/1.0'), 400],
  ['a body', `${good}\r\nContent-Length: 5`, 400],
  ['a chunked body', `${good}\r\nTransfer-Encoding: chunked`, 400],
  ['version 8', good.replace('Version: 13', 'Version: 8'), 426, /\r\nSec-WebSocket-Version: 13\r\n/],
  ['no version', without('Sec-WebSocket-Version: 13'), 426, /\r\nSec-WebSocket-Version: 13\r\n/],
  ['two versions', `${good}\r\nSec-WebSocket-Version: 13`, 426],
  ['a list of versions', good.replace('Version: 13', 'Version: 13, 8'), 426],
  ['no key', without(keyLine), 400],
  ['two keys', `${good}\r\n${keyLine}`, 400],
  ['a short key', good.replace(KEY, 'c2hvcnQ='), 400],
  ['a long key', good.replace(KEY, `AA${KEY}`), 400],
  ['a key that is no base64', good.replace(KEY, '!'.repeat(22).concat('==')), 400],
  ['an empty key', good.replace(KEY, ''), 400],
]

test('a defect is answered with a status, once, logged, and the connection is not used again', async (t) => {
  const all = await proxied(t)
  const more = `GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n`
  for (const [name, request, status, header] of BAD) {
    const before = all.proxy.logs.length
    const client = await ask(t, all.proxy.port, { request, glued: `hello${masked(1, 'frame')}${more}` })
    const received = await client.raw.ended
    assert.equal((await client.head()).status, status, name)
    assert.match(received, header ?? /^/, name)
    assert.equal(received.match(/HTTP\/1\.1 /g)?.length, 1, name)
    assert.match(received, /\r\nConnection: close\r\n/, name)
    client.send(more)
    await eventually(() => all.proxy.logs.length > before, `a log line: ${name}`)
    assert.deepEqual(
      all.proxy.logs.slice(before).map(({ event, code }) => [event, code]),
      [['malformed', status]],
      name,
    )
  }
  assert.equal(all.server.connections.length, 0)
})

test('Upgrade without Connection is an ordinary request, and no tunnel', async (t) => {
  const all = await proxied(t)
  const client = await ask(t, all.proxy.port, { request: without('Connection: Upgrade') })
  const upstream = await all.backend(0)
  const head = await upstream.head()
  assert.equal(head.header('Upgrade'), undefined)
  upstream.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  assert.equal((await client.head()).status, 200)
})

const GOOD: [name: string, request: string][] = [
  ['as browsers write it', good.replace('Connection: Upgrade', 'Connection: keep-alive, Upgrade')],
  [
    'in other cases',
    good.replace('Connection: Upgrade', 'connection: UPGRADE').replace('Upgrade: websocket', 'upgrade: WebSocket'),
  ],
  ['an empty body', `${good}\r\nContent-Length: 0`],
  ['a query of anything', good.replace('/ws', '/ws?q=%20&&=[]"|\'%23f')],
]

test('what is valid passes', async (t) => {
  const all = await proxied(t)
  for (const [index, [name, request]] of GOOD.entries()) {
    await ask(t, all.proxy.port, { request })
    const upstream = await all.backend(index)
    const { lines } = await upstream.head()
    assert.ok(upstream.raw.received().startsWith(`${request.slice(0, request.indexOf('\r\n'))}\r\n`), name)
    assert.equal(lines.filter((line) => /^connection: upgrade$/i.test(line)).length, 1, name)
    assert.equal(lines.filter((line) => /^upgrade: websocket$/i.test(line)).length, 1, name)
    assert.equal(lines.filter((line) => line.toLowerCase() === keyLine.toLowerCase()).length, 1, name)
  }
})
