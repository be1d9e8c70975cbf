/** What the backend answers to an upgrade reaches the client as it is (trap 40). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { relayAnswer } from '../../src/proxy/backend-answer.ts'
import { Linger } from '../../src/proxy/linger.ts'
import { STALL_MS } from '../../src/proxy/stall.ts'
import { Wheel } from '../../src/proxy/wheel.ts'
import { listenTo, rawServer } from '../support/raw.ts'
import { socketPair } from '../support/session.ts'
import { settled } from '../support/settled.ts'
import { accept, ask, type End, openOn, openPair, proxied, switching, within } from '../support/upgrades.ts'
import { bare, masked } from '../support/wire-frames.ts'

test('a 101 passes with its headers: case, order, Latin-1 bytes, two cookies', async (t) => {
  const all = await proxied(t)
  const client = await ask(t, all.proxy.port, {
    headers: ['Sec-WebSocket-Protocol: a, b', 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'],
  })
  const upstream = await all.backend(0)
  const asked = await upstream.head()
  assert.equal(asked.header('Sec-WebSocket-Protocol'), 'a, b')
  assert.equal(asked.header('Sec-WebSocket-Extensions'), 'permessage-deflate; client_max_window_bits')
  const own = [
    'SEC-WebSocket-Protocol: b',
    'Sec-WebSocket-Extensions: permessage-deflate',
    'Set-Cookie: a=1',
    'set-cookie: b=2',
    'X-Name: caf\xe9',
  ]
  await accept(upstream, { headers: own })
  const { status, lines } = await client.head()
  assert.equal(status, 101)
  assert.deepEqual(
    lines.filter((line) => own.includes(line)),
    own,
  )
  assert.equal(lines.filter((line) => /^connection:/i.test(line)).length, 1)
  assert.equal(lines.filter((line) => /^upgrade:/i.test(line)).length, 1)
  assert.equal(lines.filter((line) => /^sec-websocket-accept:/i.test(line)).length, 1)
})

const REFUSALS: [name: string, answer: string, expected: RegExp][] = [
  [
    '403 with a page',
    'HTTP/1.1 403 No Entry\r\nContent-Type: text/html\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 7\r\n\r\n<h1>no\n',
    /^HTTP\/1\.1 403 No Entry\r\nContent-Type: text\/html\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 7\r\nConnection: close\r\n\r\n<h1>no\n$/,
  ],
  [
    '403 with a chunked page',
    'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n',
    /^HTTP\/1\.1 403 [\s\S]*\r\n\r\nabcdefg$/,
  ],
  ['404', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', /^HTTP\/1\.1 404 Not Found\r\n/],
  [
    '401',
    'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n',
    /\r\nWWW-Authenticate: Basic realm="x"\r\n/,
  ],
  [
    'a redirect',
    'HTTP/1.1 302 Found\r\nLocation: https://elsewhere.test/\r\nContent-Length: 0\r\n\r\n',
    /\r\nLocation: https:\/\/elsewhere\.test\/\r\n/,
  ],
  [
    'a 200 that says Upgrade',
    'HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nok',
    /^HTTP\/1\.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok$/,
  ],
  [
    '426',
    'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n',
    /^HTTP\/1\.1 426 [\s\S]*\r\nSec-WebSocket-Version: 13\r\n/,
  ],
]

test('any other answer passes, is the last, and what the client sends after it is for nobody (trap 4)', async (t) => {
  const all = await proxied(t)
  const smuggled = `GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n`
  for (const [index, [name, answer, expected]] of REFUSALS.entries()) {
    const client = await ask(t, all.proxy.port, { glued: masked(1, 'early') + smuggled })
    const upstream = await all.backend(index)
    await upstream.head()
    upstream.send(answer)
    assert.match(await client.raw.ended, expected, name)
    client.send(smuggled + masked(1, 'late'))
    client.raw.socket.end()
    upstream.raw.socket.end()
    await upstream.ended()
    assert.equal(upstream.rest(), '', name)
    assert.equal(all.server.connections.length, index + 1, name)
    const { code } = await all.proxy.line(
      (line) => line.event === 'closed' && line.code === Number(answer.slice(9, 12)),
    )
    assert.ok(code)
  }
})

test('a client that does not close after such an answer is let go', async (t) => {
  const all = await proxied(t)
  const client = await ask(t, all.proxy.port)
  const upstream = await all.backend(0)
  await upstream.head()
  upstream.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
  await client.head()
  await client.raw.ended
  assert.equal(all.proxy.running.held().lingering, 1)
})

test('a backend that would keep its connection after such an answer is left', async (t) => {
  const all = await proxied(t)
  await ask(t, all.proxy.port)
  const upstream = await all.backend(0)
  await upstream.head()
  // Half-open: only a proxy that lets go ends it.
  upstream.send('HTTP/1.1 403 Forbidden\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nno')
  await upstream.ended()
  // What a destroyed socket answers bytes with.
  const cut = within(once(upstream.raw.socket, 'error'), () => 'a reset')
  upstream.send('for nobody')
  await cut
})

test('an answer that breaks off breaks off for the client', async (t) => {
  const all = await proxied(t)
  const client = await ask(t, all.proxy.port)
  const upstream = await all.backend(0)
  await upstream.head()
  upstream.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nhalf')
  await client.bytes(4)
  upstream.raw.socket.resetAndDestroy()
  assert.equal(await client.ended(), 'half')
})

test('its place is free, and its end logged, as soon as the head of the answer is there', async (t) => {
  const all = await proxied(t, { env: { WS_MAX_CONNECTIONS_PER_IP: '1' } })
  const client = await ask(t, all.proxy.port)
  const upstream = await all.backend(0)
  await upstream.head()
  upstream.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\n\r\nhalf')
  await client.bytes(4)
  assert.equal((await all.proxy.line(({ event }) => event === 'closed')).code, 403)
  await openOn(t, all, 1)
  upstream.send('half')
  assert.equal(await client.ended(), 'halfhalf')
})

const LEAVES: [name: string, leave: (socket: Socket) => unknown][] = [
  ['a reset', (socket) => socket.resetAndDestroy()],
  ['FIN', (socket) => socket.end()],
  ['both ways closed', (socket) => socket.destroy()],
]

test('a client that leaves during a long answer ends it', async (t) => {
  const all = await proxied(t)
  for (const [index, [name, leave]] of LEAVES.entries()) {
    const client = await ask(t, all.proxy.port)
    const upstream = await all.backend(index)
    await upstream.head()
    upstream.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nhalf')
    await client.bytes(4)
    leave(client.raw.socket)
    await within(upstream.ended(), () => name)
  }
})

/** A backend's answer on its way to a client, on a clock that the test moves. */
async function relaying(t: TestContext) {
  const behind = await rawServer(t)
  const wheel = new Wheel(50, 0)
  let time = 0
  const clock = () => time
  const { ours, theirs } = await socketPair(t)
  const request = get({ port: behind.port, host: '127.0.0.1', agent: false })
  const backend = await behind.connection(0)
  backend.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 100000000\r\n\r\n')
  const [response]: IncomingMessage[] = await once(request, 'response')
  assert.ok(response)
  const upgrade = { socket: ours, request: new IncomingMessage(ours) }
  const done = relayAnswer(response, upgrade, { wheel, clock, linger: new Linger(wheel, clock) })
  const advance = (ms: number) => {
    time += ms
    wheel.tick(time)
  }
  return { backend, client: listenTo(theirs), ours, done, advance, wheel }
}

test('an answer of which nothing moves any more is given up', async (t) => {
  const { backend, client, ours, done, advance, wheel } = await relaying(t)
  for (const word of ['one', 'two', 'three']) {
    backend.send(word)
    await client.until(word)
    advance(STALL_MS + 50)
    assert.ok(!ours.destroyed, word)
  }
  advance(STALL_MS + 50)
  await Promise.all([done, client.ended, backend.ended])
  assert.equal(wheel.size, 0)
})

test('a client that does not read one is given up', async (t) => {
  const { backend, client, done, advance, ours } = await relaying(t)
  client.socket.pause()
  const block = 'x'.repeat(1 << 20)
  for (let sent = 0; sent < 32; sent++) backend.send(block)
  await settled(() => ours.bytesWritten)
  advance(STALL_MS + 50)
  assert.ok(!ours.destroyed)
  advance(STALL_MS + 50)
  await Promise.all([done, backend.ended])
})

const SUBPROTOCOLS: [
  name: string,
  offered: string,
  strip: boolean,
  chosen: string | undefined,
  seen: string | undefined,
  told: string | undefined,
][] = [
  ['a real one passes', 'bearer, TOKEN, chat', false, 'chat', 'bearer, TOKEN, chat', 'chat'],
  ['the token itself is never echoed', 'bearer, TOKEN', false, 'TOKEN', 'bearer, TOKEN', 'bearer'],
  ['bearer passes', 'bearer, TOKEN', false, 'bearer', 'bearer, TOKEN', 'bearer'],
  [
    'none chosen of a token alone: bearer, or a browser would close',
    'bearer, TOKEN',
    false,
    undefined,
    'bearer, TOKEN',
    'bearer',
  ],
  ['none chosen of several stays none', 'chat, bearer, TOKEN', false, undefined, 'chat, bearer, TOKEN', undefined],
  ['stripped: nothing is left to choose', 'bearer, TOKEN', true, undefined, undefined, 'bearer'],
  ['stripped: the rest is left', 'chat, bearer, TOKEN', true, 'chat', 'chat', 'chat'],
  ['stripped, and the backend chose none of the rest', 'chat, bearer, TOKEN', true, undefined, 'chat', undefined],
]

test('the subprotocol of the 101 (trap 30)', async (t) => {
  const token = await mintToken()
  for (const [name, offered, strip, chosen, seen, told] of SUBPROTOCOLS) {
    const real = (text: string | undefined) => text?.replace('TOKEN', token)
    const all = await proxied(t, { yaml: yamlWithToken(strip) })
    const client = await ask(t, all.proxy.port, { headers: [`Sec-WebSocket-Protocol: ${real(offered)}`] })
    const upstream: End = await all.backend(0)
    assert.equal((await upstream.head()).header('Sec-WebSocket-Protocol'), real(seen), name)
    upstream.send(
      `${switching(upstream, chosen === undefined ? [] : [`Sec-WebSocket-Protocol: ${real(chosen)}`])}\r\n\r\n`,
    )
    assert.equal((await client.head()).header('Sec-WebSocket-Protocol'), told, name)
    assert.ok(!client.raw.received().includes(token), name)
  }
})

const SECRET = 'a-secret-of-the-test-that-is-long-enough'

const yamlWithToken = (strip: boolean) => `
upstream: UPSTREAM
routes:
  - name: chat
    path: /*
    token: { from: protocol:bearer, secret: ${SECRET}, strip: ${strip} }
`

async function mintToken(): Promise<string> {
  const { SignJWT } = await import('jose')
  return await new SignJWT({ sub: 'u' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(Buffer.from(SECRET))
}

test('frames glued to the 101 reach the client after it, in order', async (t) => {
  const { client, upstream } = await openPair(t, { accepting: { glued: bare(1, 'one') + bare(2, 'two') } })
  upstream.send(bare(1, 'three'))
  const frames = await client.count(3)
  assert.deepEqual(
    frames.map(({ payload }) => payload.toString()),
    ['one', 'two', 'three'],
  )
})

test('frames glued to the request reach the backend after its 101, in order, however they are split', async (t) => {
  const all = await proxied(t)
  const frames = masked(1, 'one') + masked(1, 'two') + masked(2, 'x'.repeat(300))
  for (const [index, early] of [0, 1, 5, 12, 100, frames.length].entries()) {
    const client = await ask(t, all.proxy.port, { glued: frames.slice(0, early) })
    const upstream = await all.backend(index)
    await upstream.head()
    // More while the backend is still thinking, and the rest after its answer.
    client.send(frames.slice(early, early + 7))
    await accept(upstream)
    await client.head()
    client.send(frames.slice(early + 7))
    assert.deepEqual(
      (await upstream.count(3)).map(({ payload }) => payload.length),
      [3, 3, 300],
      `${early} bytes glued`,
    )
  }
})

test('two connections at once do not mix', async (t) => {
  const all = await openPair(t)
  const other = await openOn(t, all, 1)
  all.client.send(masked(1, 'mine'))
  other.client.send(masked(1, 'theirs'))
  assert.equal((await all.upstream.count(1))[0]?.payload.toString(), 'mine')
  assert.equal((await other.upstream.count(1))[0]?.payload.toString(), 'theirs')
})
