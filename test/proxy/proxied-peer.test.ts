/** PROXY headers over real sockets: in front of HTTP, of WebSockets and of TLS. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { backend } from '../support/pass.ts'
import { startTestProxy, type TestProxy, type TestProxyOptions } from '../support/proxy.ts'
import { binaryHeader, extension, ipv6Block, lineHeader } from '../support/proxy-header.ts'
import { listenTo, portOf, type RawClient } from '../support/raw.ts'
import { FIRST } from '../support/tls/certificates.ts'
import { eventually, within } from '../support/upgrades.ts'

const BALANCER = '127.0.0.1'
const STRANGER = '127.0.0.2'
const CLIENT = '203.0.113.9'
const EMPTY = Buffer.alloc(0)
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const LAST = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const TLS = {
  yaml: 'tls: { cert: tls.crt, key: tls.key }',
  files: { '/test/tls.crt': FIRST.cert, '/test/tls.key': FIRST.key },
}

/** A proxy that asks 127.0.0.1 for PROXY headers, in front of a backend that answers with the addresses it was told. */
async function asking(t: TestContext, { yaml = '', ...options }: TestProxyOptions = {}): Promise<TestProxy> {
  const { port } = await backend(t, ({ headers }, response) =>
    response.end(`<${headers['x-real-ip']} ${headers['x-forwarded-for']}>`),
  )
  const base = `upstream: http://127.0.0.1:${port}\nproxyProtocol: true\n`
  const trusted = yaml.includes('trustedProxies') ? '' : 'trustedProxies: [127.0.0.1]\n'
  const proxy = await startTestProxy({ yaml: `${base}${trusted}${yaml}`, ...options })
  t.after(() => proxy.stop())
  return proxy
}

interface Dialled extends RawClient {
  /** Sends and resolves with all that came back. */
  readonly last: (bytes: string | Buffer) => Promise<string>
  readonly say: (bytes: string | Buffer) => void
}

async function dial(t: TestContext, proxy: TestProxy, localAddress = BALANCER): Promise<Dialled> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', localAddress, allowHalfOpen: true, noDelay: true })
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  const raw = listenTo(socket)
  const say = (bytes: string | Buffer) => socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  return {
    ...raw,
    say,
    last: (bytes) => {
      say(bytes)
      return within(raw.ended, () => `the end of ${raw.received()}`)
    },
  }
}

const told = (received: string) => received.match(/<[^>]*>/g) ?? []
const malformed = (proxy: TestProxy) => proxy.logs.filter(({ event }) => event === 'malformed')

const SOURCES: [name: string, header: string | Buffer, told: string][] = [
  ['TCP4', lineHeader(CLIENT), `<${CLIENT} ${CLIENT}>`],
  ['TCP6', lineHeader('2001:db8::1'), '<2001:db8::1 2001:db8::1>'],
  ['UNKNOWN', 'PROXY UNKNOWN\r\n', '<127.0.0.1 127.0.0.1>'],
  ['v2', binaryHeader(), `<${CLIENT} ${CLIENT}>`],
  ['v2, IPv6', binaryHeader({ family: 0x21, addresses: ipv6Block('2'.padStart(32, '0')) }), '<::2 ::2>'],
  [
    'v2, IPv4-mapped',
    binaryHeader({ family: 0x21, addresses: ipv6Block(`${'0'.repeat(20)}ffffcb007109`) }),
    `<${CLIENT} ${CLIENT}>`,
  ],
  ['v2, LOCAL', binaryHeader({ command: 0x20 }), '<127.0.0.1 127.0.0.1>'],
  ['v2, UNIX', binaryHeader({ family: 0x31, addresses: Buffer.alloc(216) }), '<unix undefined>'],
  ['v2 with extensions', binaryHeader({ extensions: extension(4, Buffer.alloc(3000)) }), `<${CLIENT} ${CLIENT}>`],
]

test('the source is the peer of every request, however the bytes arrive', async (t) => {
  const proxy = await asking(t)
  for (const [name, header, expected] of SOURCES) {
    const glued = Buffer.concat([Buffer.from(header), Buffer.from(GET + LAST)])
    assert.deepEqual(told(await (await dial(t, proxy)).last(glued)), [expected, expected], name)

    const apart = await dial(t, proxy)
    apart.say(header)
    apart.say(GET)
    await apart.until('>')
    assert.deepEqual(told(await apart.last(LAST)), [expected, expected], `${name}, apart`)
  }
  assert.deepEqual(malformed(proxy), [])
})

test('byte by byte', async (t) => {
  const proxy = await asking(t)
  for (const header of [lineHeader(CLIENT), binaryHeader()]) {
    const client = await dial(t, proxy)
    for (const byte of Buffer.concat([Buffer.from(header), Buffer.from(GET)])) {
      client.say(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await client.until(`<${CLIENT} ${CLIENT}>`)
  }
})

test('a large request glued to the header, and the end of the client glued to that', async (t) => {
  const proxy = await asking(t)
  const client = await dial(t, proxy)
  const body = 'x'.repeat(1_000_000)
  client.socket.end(`${lineHeader(CLIENT)}POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  await client.until(`<${CLIENT} ${CLIENT}>`)
})

test('headers are walked from the source: believed where it is trusted itself', async (t) => {
  const proxy = await asking(t, { yaml: 'trustedProxies: [127.0.0.1, 10.0.0.0/8]\n' })
  const request = LAST.replace('Host', 'X-Forwarded-For: 198.51.100.1\r\nHost')
  const from = async (source: string) => told(await (await dial(t, proxy)).last(lineHeader(source) + request))
  assert.deepEqual(await from('10.0.0.7'), ['<198.51.100.1 198.51.100.1, 10.0.0.7>'])
  assert.deepEqual(await from(CLIENT), [`<${CLIENT} ${CLIENT}>`])
})

test('where the balancer does not say whose bytes they are, they are believed nothing', async (t) => {
  const proxy = await asking(t)
  const claims = 'X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\nX-Request-ID: mine\r\nHost'
  const headers = ['PROXY UNKNOWN\r\n', binaryHeader({ command: 0x20 }), binaryHeader({ family: 0, addresses: EMPTY })]
  for (const header of headers) {
    const client = await dial(t, proxy)
    client.say(header)
    assert.deepEqual(told(await client.last(LAST.replace('Host', claims))), [`<${BALANCER} ${BALANCER}>`])
  }
})

test('of a peer that is not trusted no header is accepted, and none is missed', async (t) => {
  const proxy = await asking(t)
  assert.match(await (await dial(t, proxy, STRANGER)).last(lineHeader(CLIENT) + LAST), /^HTTP\/1\.1 400 /)
  assert.match(await (await dial(t, proxy, STRANGER)).last(binaryHeader()), /^HTTP\/1\.1 400 /)
  assert.deepEqual(told(await (await dial(t, proxy, STRANGER)).last(LAST)), [`<${STRANGER} ${STRANGER}>`])
})

const REFUSED: [name: string, bytes: string | Buffer][] = [
  ['no header', GET],
  ['two headers', lineHeader('192.0.2.1x')],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['a length of 65535', binaryHeader({ length: 65535 })],
  ['a length that is too short', binaryHeader({ length: 4 })],
  ['datagrams', binaryHeader({ family: 0x12 })],
  ['a line without an end', `PROXY TCP4 ${'1'.repeat(200_000)}`],
]

test('a trusted peer that begins otherwise is cut off without an answer, and the log says so once', async (t) => {
  const proxy = await asking(t)
  for (const [index, [name, bytes]] of REFUSED.entries()) {
    assert.equal(await (await dial(t, proxy)).last(bytes), '', name)
    await eventually(() => malformed(proxy).length === index + 1, `a line for ${name}`)
    assert.equal(malformed(proxy)[index]?.ip, BALANCER, name)
    assert.equal(malformed(proxy)[index]?.code, undefined, name)
  }
})

test('a second header is no HTTP', async (t) => {
  const proxy = await asking(t)
  const received = await (await dial(t, proxy)).last(lineHeader(CLIENT) + lineHeader('198.51.100.1') + LAST)
  assert.match(received, /^HTTP\/1\.1 400 /)
})

test('a header has its time, trickled or not', async (t) => {
  const proxy = await asking(t, { yaml: 'handshakeTimeout: 100ms' })
  const silent = await dial(t, proxy)
  const trickling = await dial(t, proxy)
  const timer = setInterval(() => trickling.say('PROXY TCP4'.charAt(trickling.socket.bytesWritten)), 15)
  t.after(() => clearInterval(timer))
  assert.equal(await within(silent.ended, () => 'the end'), '')
  assert.equal(await within(trickling.ended, () => 'the end'), '')
  await eventually(() => malformed(proxy).length === 2, 'two lines')
})

test('one that leaves before it is done is forgotten', async (t) => {
  const proxy = await asking(t)
  const probe = await dial(t, proxy)
  probe.socket.end()
  assert.equal(await within(probe.ended, () => 'the end'), '')
  assert.deepEqual(malformed(proxy), [])
  const half = await dial(t, proxy)
  half.socket.end('PROXY TC')
  assert.equal(await within(half.ended, () => 'the end'), '')
  await eventually(() => malformed(proxy).length === 1, 'a line')
  for (let count = 0; count < 20; count++) {
    const reset = await dial(t, proxy)
    reset.say('PROXY')
    reset.socket.resetAndDestroy()
  }
  assert.deepEqual(told(await (await dial(t, proxy)).last(lineHeader(CLIENT) + LAST)), [`<${CLIENT} ${CLIENT}>`])
})

test('an unused connection is ended without an answer, as without PROXY', async (t) => {
  const proxy = await asking(t, { yaml: 'handshakeTimeout: 60ms' })
  assert.equal(await (await dial(t, proxy)).last(lineHeader(CLIENT)), '')
  assert.match(await (await dial(t, proxy)).last(`${lineHeader(CLIENT)}GET /`), /^HTTP\/1\.1 408 /)
})

test('an upgrade that is none of ours asks for no second header', async (t) => {
  const proxy = await asking(t)
  const client = await dial(t, proxy)
  const h2c = GET.replace('Host', 'Connection: Upgrade\r\nUpgrade: h2c\r\nHost')
  const received = await client.last(lineHeader(CLIENT) + h2c + GET + h2c + LAST)
  assert.deepEqual(told(received), Array(4).fill(`<${CLIENT} ${CLIENT}>`))
})

test('a drain does not wait for headers', async (t) => {
  for (const options of [{}, TLS]) {
    const proxy = await asking(t, options)
    const pending = await dial(t, proxy)
    pending.say('PROXY')
    await eventually(() => pending.socket.bytesWritten === 5, 'the write')
    const started = performance.now()
    await proxy.running.stop()
    assert.ok(performance.now() - started < 3000)
    assert.equal(await within(pending.ended, () => 'the end'), '')
  }
})

test('a reload trusts other peers from the next connection on', async (t) => {
  const options = { yaml: 'trustedProxies: [127.0.0.3]\n', env: { WS_TRUSTED_PROXIES: '127.0.0.3' } }
  const proxy = await asking(t, options)
  const kept = await dial(t, proxy)
  const h2c = GET.replace('Host', 'Connection: Upgrade\r\nUpgrade: h2c\r\nHost')
  kept.say(GET)
  await kept.until('>')
  options.env.WS_TRUSTED_PROXIES = BALANCER
  assert.deepEqual(await proxy.running.reload(), { ok: true })
  // The connection goes through the server a second time: what it sends is HTTP still.
  assert.deepEqual(told(await kept.last(h2c + LAST)), Array(3).fill(`<${BALANCER} ${BALANCER}>`))
  assert.equal(await (await dial(t, proxy)).last(LAST), '')
  assert.deepEqual(told(await (await dial(t, proxy)).last(lineHeader(CLIENT) + LAST)), [`<${CLIENT} ${CLIENT}>`])
})

/** TLS over a socket that has said what it had to say below it. */
async function secured(socket: Socket): Promise<RawClient> {
  const above = connectTls({ socket, ca: FIRST.cert, servername: 'localhost', checkServerIdentity: () => undefined })
  await within(once(above, 'secureConnect'), () => 'TLS')
  return listenTo(above)
}

test('in front of TLS: the source reaches the requests above it', async (t) => {
  const proxy = await asking(t, TLS)
  const sources = ['203.0.113.1', '203.0.113.2', '2001:db8::3', 'own']
  const clients = await Promise.all(
    sources.map(async (source) => {
      const below = await dial(t, proxy)
      below.socket.removeAllListeners('data')
      below.say(source === 'own' ? binaryHeader({ command: 0x20 }) : lineHeader(source))
      return { source, above: await secured(below.socket) }
    }),
  )
  for (const { source, above } of clients) {
    above.send(GET)
    const address = source === 'own' ? BALANCER : source
    await above.until(`<${address} ${address}>`)
    above.send(GET.replace('Host', 'Connection: Upgrade\r\nUpgrade: h2c\r\nHost') + LAST)
    assert.deepEqual(told(await within(above.ended, () => above.received())), Array(3).fill(`<${address} ${address}>`))
  }
  assert.deepEqual(malformed(proxy), [])
})

/** A load balancer that passes on bytes in pieces of a size, its header glued to the first. */
async function balancing(t: TestContext, proxy: TestProxy, header: string, size: number): Promise<number> {
  const server = createServer((client) => {
    const upstream = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true })
    t.after(() => upstream.destroy())
    upstream.pipe(client)
    const pieces = async function* () {
      let glued = Buffer.from(header)
      for await (const chunk of client) {
        const bytes = Buffer.concat([glued, chunk])
        glued = Buffer.alloc(0)
        for (let at = 0; at < bytes.length; at += size) {
          yield bytes.subarray(at, at + size)
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
    }
    Readable.from(pieces()).pipe(upstream)
  })
  server.listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return portOf(server)
}

test('in front of TLS: header and handshake come in any pieces', async (t) => {
  const proxy = await asking(t, TLS)
  for (const size of [1, 7, 100_000]) {
    const port = await balancing(t, proxy, lineHeader(CLIENT), size)
    const below = connect({ port, host: '127.0.0.1' })
    t.after(() => below.destroy())
    const above = await secured(below)
    above.send(LAST)
    assert.deepEqual(told(await within(above.ended, () => above.received())), [`<${CLIENT} ${CLIENT}>`], `${size}`)
  }
})

test('in front of TLS: a port that is in use again is another client', async (t) => {
  // Of its own, so that no other connection of this machine holds the port.
  const localAddress = '127.0.0.66'
  const proxy = await asking(t, { ...TLS, yaml: `trustedProxies: [${localAddress}]\n${TLS.yaml}` })
  let localPort: number | undefined
  for (const source of ['203.0.113.1', '203.0.113.2', '203.0.113.3']) {
    const place = localPort === undefined ? {} : { localPort }
    const below = connect({ port: proxy.port, host: '127.0.0.1', localAddress, ...place })
    await once(below, 'connect')
    localPort = below.localPort
    below.write(lineHeader(source))
    const above = await secured(below)
    above.send(GET)
    await above.until(`<${source} ${source}>`)
    // With a FIN the port would be held back for a minute.
    below.resetAndDestroy()
    await once(below, 'close')
  }
})

test('in front of TLS: what is no TLS behind the header is cut off', async (t) => {
  const proxy = await asking(t, TLS)
  const client = await dial(t, proxy)
  assert.doesNotMatch(await client.last(lineHeader(CLIENT) + GET), /HTTP/)
  assert.equal(await (await dial(t, proxy)).last('\x16\x03\x01\x02\x00'), '')
  await eventually(() => malformed(proxy).length >= 1, 'a line')
})

test('a unix socket is asked where unix is trusted', async (t) => {
  const path = join(mkdtempSync(join(tmpdir(), 'wsluice-')), 's')
  t.after(() => rmSync(dirname(path), { recursive: true }))
  await asking(t, { yaml: 'trustedProxies: [unix]\n', env: { WS_LISTEN: `unix:${path}` } })
  for (const [sent, expected] of [
    [lineHeader(CLIENT) + LAST, [`<${CLIENT} ${CLIENT}>`]],
    [LAST, []],
  ] as const) {
    const socket = connect({ path, allowHalfOpen: true })
    t.after(() => socket.destroy())
    const client = listenTo(socket)
    client.send(sent)
    assert.deepEqual(told(await within(client.ended, () => client.received())), expected)
  }
})
