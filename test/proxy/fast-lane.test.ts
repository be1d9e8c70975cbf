/** Clients through the fast lane: what it takes, what it leaves to node's server, and that neither is served otherwise. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { acceptedSelfTest } from '../../src/proxy/accepted-self-test.ts'
import { readPlainHead } from '../../src/proxy/fast-lane.ts'
import { fastWire } from '../../src/proxy/wire-fast.ts'
import { bodiesIn, echo, LAST, type Passing, type PassingOptions, passingTo } from '../support/pass.ts'
import { exchange, rawClient } from '../support/raw.ts'
import { accept, ask, eventually, handshake, openOn, proxied } from '../support/upgrades.ts'
import { bare, masked } from '../support/wire-frames.ts'
import { turns } from '../support/wires.ts'

const HEAD = `${handshake()}\r\n\r\n`
const YES = 'HTTP/1.1 101 Yes\r\n\r\n'

interface Laned extends Passing {
  /** Sockets that node made. */
  readonly sockets: Socket[]
  /** What came behind the heads. */
  readonly heads: string[]
}

/** A server with the lane, which says yes to every upgrade and ends. */
async function laned(t: TestContext, options: PassingOptions = {}): Promise<Laned> {
  const heads: string[] = []
  const onUpgrade: PassingOptions['onUpgrade'] = (_request, socket, head) => {
    heads.push(head.toString('latin1'))
    socket.on('error', () => {}).end(YES)
    socket.resume()
  }
  const proxy = await passingTo(t, echo, { isRaw: true, onUpgrade, ...options })
  const sockets: Socket[] = []
  proxy.server.on('connection', (socket: Socket) => sockets.push(socket))
  return { ...proxy, sockets, heads }
}

const countOf = (server: Passing['server']) =>
  new Promise<number>((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })

async function noneLeft({ server, deadlines }: Passing, more = 0): Promise<void> {
  let count = -1
  await eventually(() => {
    void countOf(server).then((now) => {
      count = now
    })
    return count === more
  }, 'the end of all connections')
  assert.equal(deadlines(), more)
}

test('a plain handshake is taken: node makes no socket', async (t) => {
  const proxy = await laned(t)
  assert.equal(await exchange(t, proxy.port, HEAD), YES)
  assert.deepEqual([proxy.upgrades, proxy.sockets.length, proxy.heads], [['/ws'], 0, ['']])
})

const LEFT_TO_NODE: readonly [what: string, text: string, answer: RegExp][] = [
  ['frames behind the head', `${HEAD}${masked(1, 'hi')}`, /^HTTP\/1\.1 101 Yes/],
  ['a request behind the head', `${HEAD}GET /2 HTTP/1.1\r\n${LAST}`, /^HTTP\/1\.1 101 Yes\r\n\r\n$/],
  ['a plain request', `GET /1 HTTP/1.1\r\n${LAST}`, /^HTTP\/1\.1 200 [\s\S]*<GET \/1 >/],
  ['a request with a body', `POST /1 HTTP/1.1\r\nContent-Length: 2\r\n${LAST}hi`, /<POST \/1 hi>/],
  ['a handshake with an empty body', `${handshake({ headers: ['Content-Length: 0'] })}\r\n\r\n`, /101 Yes/],
  ['a handshake with Expect', `${handshake({ headers: ['Expect: 100-continue'] })}\r\n\r\n`, /101 Yes/],
  ['an absolute target', HEAD.replace('/ws', 'http://app.test/ws'), /101 Yes/],
  ['bytes beyond ASCII in the target', HEAD.replace('/ws', '/caf\xe9'), /^HTTP\/1\.1 400 /],
  ['an empty line before', `\r\n${HEAD}`, /101 Yes/],
  ['a POST that asks', `${HEAD.replace('GET', 'POST')}`, /101 Yes/],
  ['HTTP/1.0', HEAD.replace('HTTP/1.1', 'HTTP/1.0'), /101 Yes/],
  ['40 headers', `${handshake({ headers: Array.from({ length: 40 }, (_, i) => `X-${i}: 1`) })}\r\n\r\n`, /101 Yes/],
  ['two Hosts', HEAD.replace('\r\n', '\r\nHost: b\r\n'), /^HTTP\/1\.1 400 [\s\S]*More than one Host/],
  ['no Host', HEAD.replace('Host: app.test\r\n', ''), /^HTTP\/1\.1 400 [\s\S]*No Host/],
  ['obs-fold', `${handshake({ headers: ['X: 1', ' 2'] })}\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['a bare LF', HEAD.replace('\r\n', '\n'), /^HTTP\/1\.1 400 /],
  ['a blank before a colon', HEAD.replace('Host:', 'Host :'), /^HTTP\/1\.1 400 /],
  ['a long head', `${handshake({ headers: [`X: ${'x'.repeat(20_000)}`] })}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ['another upgrade', `${HEAD.replace('websocket', 'h2c').replace('\r\n', '\r\nX: 1\r\n')}`, /^HTTP\/1\.1 200 /],
  ['nonsense', 'nonsense\r\n\r\n', /^HTTP\/1\.1 400 /],
]

for (const [what, text, answer] of LEFT_TO_NODE) {
  test(`left to node's server: ${what}`, async (t) => {
    const proxy = await laned(t)
    const client = await rawClient(t, proxy.port)
    client.send(text)
    await client.until(answer)
    assert.ok(proxy.sockets.length > 0)
    client.socket.destroy()
    await noneLeft(proxy)
  })
}

test('a head in two pieces, wherever it is cut, is the same handshake', async (t) => {
  const proxy = await laned(t)
  const cuts = Array.from({ length: HEAD.length - 1 }, (_, index) => index + 1)
  for (let from = 0; from < cuts.length; from += 20) {
    await Promise.all(
      cuts.slice(from, from + 20).map(async (cut) => {
        const client = await rawClient(t, proxy.port)
        client.send(HEAD.slice(0, cut))
        await turns(8)
        client.send(HEAD.slice(cut))
        assert.equal(await client.ended, YES, `cut at ${cut}`)
        client.socket.destroy()
      }),
    )
  }
  assert.equal(proxy.upgrades.length, cuts.length)
  assert.ok(proxy.upgrades.every((url) => url === '/ws'))
  assert.deepEqual(new Set(proxy.heads), new Set(['']))
  await noneLeft(proxy)
})

test('requests of one connection, kept alive and pipelined', async (t) => {
  const proxy = await laned(t)
  const client = await rawClient(t, proxy.port)
  client.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nPOST /3 HTTP/1.1\r\n')
  await client.until('<GET /2 >')
  client.send('Host: a\r\nContent-Length: 4\r\n\r\nbo')
  await turns(5)
  client.send('dyGET /4 HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.until('<GET /4 >')
  client.send(HEAD)
  await client.ended
  assert.deepEqual(bodiesIn(client.received()), ['<GET /1 >', '<GET /2 >', '<POST /3 body>', '<GET /4 >'])
  assert.deepEqual(proxy.upgrades, ['/ws'])
})

test('who says nothing is ended when the time for a head is up, without an answer; a first byte is answered', async (t) => {
  const proxy = await laned(t, { handshakeTimeout: 100 })
  const silent = await rawClient(t, proxy.port)
  const slow = await rawClient(t, proxy.port)
  slow.send('G')
  assert.match(await slow.ended, /^HTTP\/1\.1 408 /)
  assert.equal(silent.socket.readableEnded, false)
  proxy.advance(200)
  assert.equal(await silent.ended, '')
  slow.socket.destroy()
  await noneLeft(proxy)
  assert.deepEqual(
    proxy.refused.map(({ status }) => status),
    [408],
  )
})

test('who leaves before a head, by FIN or reset, is nothing to tell', async (t) => {
  const proxy = await laned(t)
  for (const said of ['', 'GET', HEAD.slice(0, 40)]) {
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const client = await rawClient(t, proxy.port)
      if (said !== '') client.send(said)
      await turns(3)
      client.socket[leave]()
      if (leave === 'end') await client.ended
      client.socket.destroy()
    }
  }
  await noneLeft(proxy)
  assert.deepEqual(proxy.upgrades, [])
})

test('closing ends those who said nothing, and waits for nobody else but requests', async (t) => {
  const proxy = await laned(t)
  const silent = await rawClient(t, proxy.port)
  await eventually(() => proxy.deadlines() === 1, 'the connection')
  assert.equal(await countOf(proxy.server), 1)
  const closed = once(proxy.server.close(), 'close')
  assert.equal(await silent.ended, '')
  await closed
  assert.equal(proxy.deadlines(), 0)
})

test('an open session is counted until it ends', async (t) => {
  const all = await proxied(t)
  const { client, upstream } = await openOn(t, all, 0)
  const finished = all.proxy.running.stop()
  await all.proxy.line(({ event }) => event === 'draining')
  client.send(masked(8, ''))
  upstream.send(bare(8, ''))
  client.raw.socket.end()
  upstream.raw.socket.end()
  await finished
})

test('frames that come after the head, and while the backend is asked, are passed on in order', async (t) => {
  const all = await proxied(t)
  const client = await ask(t, all.proxy.port)
  const upstream = await all.backend(0)
  await upstream.head()
  for (const text of ['one', 'two', 'three']) {
    client.send(masked(1, text))
    await turns(3)
  }
  await accept(upstream)
  const frames = await upstream.count(3)
  assert.deepEqual(
    frames.map(({ payload }) => String(payload)),
    ['one', 'two', 'three'],
  )
})

for (const [rejectWith, status] of [
  ['http', 403],
  ['close', 101],
] as const) {
  test(`a refusal (${rejectWith}) reaches a client that has a handle alone, after its FIN too`, async (t) => {
    const routes = 'routes:\n  - { path: /no, address: { deny: [0.0.0.0/0] } }'
    const all = await proxied(t, { yaml: `upstream: UPSTREAM\nrejectWith: ${rejectWith}\n${routes}` })
    for (const leaves of [false, true]) {
      const client = await ask(t, all.proxy.port, { path: '/no' })
      if (leaves) client.raw.socket.end()
      assert.equal((await client.head()).status, status)
      if (rejectWith === 'close') assert.equal((await client.close()).code, 1008)
      await client.ended()
    }
  })
}

test('a handshake that is none is answered, and told with its peer', async (t) => {
  const all = await proxied(t)
  const client = await ask(t, all.proxy.port, { request: handshake().replace(': 13', ': 12') })
  assert.equal((await client.head()).status, 426)
  const line = await all.proxy.line(({ event }) => event === 'malformed')
  assert.equal(line.ip, '127.0.0.1')
})

test('a thousand connections, of every kind, leave nothing', { timeout: 30_000 }, async (t) => {
  const all = await proxied(t)
  const descriptors = () => readdirSync('/proc/self/fd').length
  const round = async (count: number) => {
    for (let from = 0; from < count; from += 50) {
      const sockets = Array.from({ length: 50 }, (_, index) => {
        const socket = connect({ port: all.proxy.port, host: '127.0.0.1' }).on('error', () => {})
        const kind = (from + index) % 5
        if (kind === 1) socket.write(HEAD)
        if (kind === 2) socket.write(HEAD.slice(0, 30))
        if (kind === 3) socket.write(`GET / HTTP/1.1\r\nHost: a\r\n\r\n`)
        if (kind === 4) socket.write(HEAD + masked(1, 'x'))
        return socket
      })
      await Promise.all(sockets.map((socket) => once(socket, 'connect')))
      await turns(5)
      for (const [index, socket] of sockets.entries()) index % 2 === 0 ? socket.resetAndDestroy() : socket.destroy()
    }
    for (const { socket } of all.server.connections.splice(0)) socket.destroy()
    await eventually(() => Object.values(all.proxy.running.held()).every((held) => held === 0), 'nothing held', 20_000)
  }
  await round(100)
  const handles = () => process.getActiveResourcesInfo().filter((kind) => /^(?:TCP|Pipe)/.test(kind)).length
  await eventually(() => handles() <= 8, 'few handles')
  const before = { descriptors: descriptors(), handles: handles() }
  await round(1000)
  await eventually(
    () => handles() <= before.handles && descriptors() <= before.descriptors,
    'no handle is left',
    20_000,
  )
})

/** What the lane makes of bytes, and what node's server does without it, as its client and its handler see them. */
async function seen(t: TestContext, { port, upgrades, refused }: Passing, text: string) {
  const client = await rawClient(t, port)
  client.send(text)
  client.socket.end()
  const answer = await client.ended
  client.socket.destroy()
  return [answer.replace(/Date: .*\r\n/g, ''), upgrades.splice(0), refused.splice(0).map(({ status }) => status)]
}

/** A handshake with a few bytes put in, taken out or changed. */
const NEARLY = fc
  .array(
    fc.tuple(
      fc.nat(HEAD.length),
      fc.constantFrom(
        '',
        '\r',
        '\n',
        '\r\n',
        ' ',
        '\t',
        ':',
        '\0',
        '\xe9',
        ',',
        'X: 1\r\n',
        'Host: b\r\n',
        'Te: x\r\n',
      ),
      fc.nat(2),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((edits) =>
    edits.reduce((text, [at, piece, removed]) => text.slice(0, at) + piece + text.slice(at + removed), HEAD),
  )

test('whatever the bytes are, they are served as without the lane', { timeout: 60_000 }, async (t) => {
  const onUpgrade: PassingOptions['onUpgrade'] = (_request, socket) => void socket.on('error', () => {}).end(YES)
  const [plain, raw] = await Promise.all([false, true].map((isRaw) => passingTo(t, echo, { isRaw, onUpgrade })))
  assert.ok(plain && raw)
  await fc.assert(
    fc.asyncProperty(NEARLY, async (text) => assert.deepEqual(await seen(t, raw, text), await seen(t, plain, text))),
    { numRuns: 300 },
  )
})

test('a head that the lane takes is plain, byte by byte: nothing else can be made of it', () => {
  fc.assert(
    fc.property(NEARLY, (text) => {
      const head = readPlainHead(Buffer.from(text, 'latin1'), 16_384)
      if (!head) return
      const [first, ...lines] = text.slice(0, -4).split('\r\n')
      assert.equal(first, `GET ${head.url} HTTP/1.1`)
      const pairs = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)])
      const trimmed = pairs.flatMap(([name, value = '']) => [name, value.replace(/^[\t ]+|[\t ]+$/g, '')])
      assert.deepEqual(head.rawHeaders, trimmed)
    }),
    { numRuns: 3000 },
  )
})

test('the self-test passes here, and finds a wire that takes no handle', async () => {
  assert.equal(await acceptedSelfTest(fastWire), undefined)
  assert.match((await acceptedSelfTest(() => undefined)) ?? '', /does not take/)
})
