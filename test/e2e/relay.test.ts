/** What a client and a backend say to each other through the whole proxy, with libraries at both ends and with raw bytes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { WebSocket, WebSocketServer } from 'ws'
import { startTestProxy, type TestProxyOptions } from '../support/proxy.ts'
import { portOf } from '../support/raw.ts'
import { openPair, within } from '../support/upgrades.ts'
import { bare, closing, masked } from '../support/wire-frames.ts'

interface Both {
  readonly client: WebSocket
  readonly backend: WebSocket
}

/** A `ws` client connected through a proxy to a `ws` server. */
async function connected(t: TestContext, options: TestProxyOptions & { deflate?: 'deflate' } = {}): Promise<Both> {
  const server = createServer()
  const perMessageDeflate = options.deflate !== undefined
  const sockets = new WebSocketServer({ server, perMessageDeflate })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startTestProxy({
    ...options,
    env: { WS_UPSTREAM: `http://127.0.0.1:${portOf(server)}`, ...options.env },
  })
  const client = new WebSocket(proxy.url('/'), { perMessageDeflate })
  t.after(async () => {
    client.terminate()
    for (const socket of sockets.clients) socket.terminate()
    server.close()
    await proxy.stop()
  })
  // The event's first argument is the socket.
  const [[backend]] = await Promise.all([once(sockets, 'connection'), once(client, 'open')])
  return { client, backend: backend as WebSocket }
}

/** The messages that arrive from now on; resolves when there are so many. */
function receive(socket: WebSocket, count: number): Promise<(string | Buffer)[]> {
  const messages: (string | Buffer)[] = []
  const all = new Promise<(string | Buffer)[]>((resolve) => {
    socket.on('message', function take(data: Buffer, isBinary) {
      messages.push(isBinary ? data : String(data))
      if (messages.length < count) return
      socket.off('message', take)
      resolve(messages)
    })
  })
  return within(all, () => `${count} messages, got ${messages.length}`)
}

for (const deflate of [undefined, 'deflate'] as const) {
  test(`messages of every kind and size pass both ways ${deflate ? 'compressed' : 'as they are'}`, async (t) => {
    const { client, backend } = await connected(t, deflate ? { deflate } : {})
    assert.equal(client.extensions, deflate ? 'permessage-deflate' : '')
    const messages = ['', 'text', 'ü€😀', Buffer.alloc(0), Buffer.from([0, 255]), 'x'.repeat(125), 'x'.repeat(126)]
    messages.push('y'.repeat(65_535), Buffer.alloc(65_536, 7), 'z'.repeat(1 << 20), Buffer.alloc(4 << 20, 'random'))
    for (const [from, to] of [
      [client, backend],
      [backend, client],
    ] as const) {
      const arrived = receive(to, messages.length)
      for (const message of messages) from.send(message)
      for (const [index, message] of (await arrived).entries()) {
        const sent = messages[index]
        const isEqual =
          typeof sent === 'string' ? message === sent : Buffer.compare(message as Buffer, sent ?? Buffer.of(1)) === 0
        assert.ok(isEqual, String(index))
      }
    }
  })
}

test('fragments, pings and pongs pass end to end', async (t) => {
  const { client, backend } = await connected(t)
  const ping = once(backend, 'ping')
  const pong = once(client, 'pong')
  const arrived = receive(backend, 1)
  client.send('a', { fin: false })
  client.ping('are you there')
  client.send('b', { fin: false })
  client.send('c', { fin: true })
  assert.equal(String((await ping)[0]), 'are you there')
  assert.equal(String((await pong)[0]), 'are you there')
  assert.deepEqual(await arrived, ['abc'])
})

const CLOSES: [code: number | undefined, reason: string][] = [
  [undefined, ''],
  [1000, ''],
  [1001, 'leaving'],
  [3001, 'ü'.repeat(61)],
  [4999, '!'.repeat(123)],
]

test('close codes and reasons pass both ways, and both are clean', async (t) => {
  for (const [code, reason] of CLOSES) {
    for (const side of ['client', 'backend'] as const) {
      const both = await connected(t)
      const other = side === 'client' ? both.backend : both.client
      const [told, own] = [once(other, 'close'), once(both[side], 'close')]
      both[side].close(code, reason)
      for (const [seen, text] of await Promise.all([told, own])) {
        assert.deepEqual([seen, String(text)], [code ?? 1005, reason], side)
      }
    }
  }
})

test('random bytes of valid frames, in random pieces, come out as they went in, both ways at once', async (t) => {
  const pair = await openPair(t, {
    yaml: 'upstream: UPSTREAM\nroutes: [{ path: /*, limits: { controlFrames: 100000/s } }]',
  })
  const payload = fc.uint8Array({ maxLength: 400 })
  const frames = fc.array(fc.tuple(fc.constantFrom(2, 9, 10), payload), { minLength: 1, maxLength: 30 })
  let sentUp = ''
  let sentDown = ''
  await fc.assert(
    fc.asyncProperty(frames, frames, fc.array(fc.nat(3000), { maxLength: 8 }), async (up, down, cuts) => {
      const bytes = (list: typeof up, encode: typeof masked) =>
        list.map(([opcode, data]) => encode(opcode, Buffer.from(opcode === 2 ? data : data.slice(0, 125)))).join('')
      const [upBytes, downBytes] = [bytes(up, masked), bytes(down, bare)]
      sentUp += upBytes
      sentDown += downBytes
      const at = [0, ...cuts.map((cut) => cut % upBytes.length).sort((a, b) => a - b)]
      pair.upstream.send(downBytes)
      for (const [index, start] of at.entries()) {
        pair.client.send(upBytes.slice(start, at[index + 1] ?? upBytes.length))
        await new Promise(setImmediate)
      }
      assert.equal(await pair.upstream.bytes(sentUp.length), sentUp)
      assert.equal(await pair.client.bytes(sentDown.length), sentDown)
    }),
    // What was sent in a failed run is not forgotten: shrinking would mean nothing.
    { numRuns: 25, endOnFailure: true },
  )
})

test('ten thousand tiny frames in one write, and one frame in 2,000 writes', async (t) => {
  const { client, upstream } = await openPair(t)
  const many = masked(1, 'x').repeat(10_000)
  client.send(many)
  assert.equal(await upstream.bytes(many.length), many)
  const one = masked(2, 'y'.repeat(2000))
  for (const byte of one) client.send(byte)
  assert.ok((await upstream.bytes(many.length + one.length)).endsWith(one))
})

test('text that is split inside characters passes; with validateUtf8 off so does anything', async (t) => {
  const { client, upstream } = await openPair(t)
  const text = Buffer.from('€😀ü')
  const fragments = [...text].map((byte, index) =>
    masked(index === 0 ? 1 : 0, Buffer.of(byte), { fin: index === text.length - 1 }),
  )
  for (const fragment of fragments) client.send(fragment)
  assert.equal(await upstream.bytes(fragments.join('').length), fragments.join(''))

  const off = await openPair(t, { yaml: 'upstream: UPSTREAM\nroutes: [{ path: /*, validateUtf8: false }]' })
  const bad = masked(1, Buffer.of(0xff, 0xfe))
  off.client.send(bad)
  assert.equal(await off.upstream.bytes(bad.length), bad)
})

const BREACHES: [name: string, bytes: string, code: number, reason: string][] = [
  ['an unmasked frame', bare(1, 'x'), 1002, 'protocol_error'],
  ['RSV1 that nobody negotiated', masked(1, 'x', { rsv: 0x40 }), 1002, 'protocol_error'],
  ['bad UTF-8', masked(1, Buffer.of(0xff)), 1007, 'message_invalid'],
  ['a bad Close code', masked(8, closing(1006)), 1002, 'protocol_error'],
  ['a frame of 2^53 bytes', '\x82\xff\0\x20\0\0\0\0\0\0abcd', 1009, 'message_too_big'],
  ['a frame above frameSize', masked(2, 'x'.repeat(101)), 1009, 'message_too_big'],
  [
    'a message above messageSize',
    masked(2, 'x'.repeat(90), { fin: false }) + masked(0, 'x'.repeat(90), { fin: false }) + masked(0, 'x'.repeat(90)),
    1009,
    'message_too_big',
  ],
  [
    'too many fragments',
    masked(2, 'x', { fin: false }) + masked(0, 'x', { fin: false }).repeat(3),
    1009,
    'message_too_big',
  ],
  ['too many messages', masked(1, 'x').repeat(4), 1008, 'message_rate'],
  ['too many control frames', masked(9, 'x').repeat(6), 1008, 'control_rate'],
]
const LIMITS =
  'limits: { frameSize: 100B, messageSize: 200B, fragments: 3, controlFrames: 5/s, messages: { perConnection: 3/s } }'

test('what breaks RFC 6455 or a limit is told to both sides, and never reaches the backend', async (t) => {
  for (const [name, bytes, code, reason] of BREACHES) {
    const pair = await openPair(t, { yaml: `upstream: UPSTREAM\nroutes: [{ path: /*, ${LIMITS} }]` })
    pair.client.send(bytes)
    assert.equal((await pair.client.close()).code, code, name)
    assert.equal((await pair.upstream.close()).code, code, name)
    const seen = pair.upstream.rest()
    const close = pair.upstream.frames().at(-1)
    assert.ok(bytes.startsWith(seen.slice(0, seen.length - 6 - (close?.payload.length ?? 0))), name)
    pair.client.raw.socket.destroy()
    pair.upstream.raw.socket.destroy()
    const line = await pair.proxy.line(({ event }) => event === 'closed')
    assert.deepEqual([line.code, line.reason, line.initiator], [code, reason, 'proxy'], name)
  }
})

test('in a dry run all of that passes, and is reported', async (t) => {
  for (const [name, bytes, , reason] of BREACHES) {
    const pair = await openPair(t, { yaml: `upstream: UPSTREAM\nmode: dry-run\nroutes: [{ path: /*, ${LIMITS} }]` })
    pair.client.send(bytes)
    assert.equal(await pair.upstream.bytes(bytes.length), bytes, name)
    const line = await pair.proxy.line(({ event }) => event === 'violated')
    assert.deepEqual([line.outcome, line.reason], ['would_reject', reason], name)
  }
})

test('RSV1 passes where permessage-deflate was negotiated', async (t) => {
  const pair = await openPair(t, {
    asking: { headers: ['Sec-WebSocket-Extensions: permessage-deflate'] },
    accepting: { headers: ['Sec-WebSocket-Extensions: permessage-deflate'] },
  })
  const compressed = masked(1, Buffer.of(0xff, 0xfe), { rsv: 0x40 })
  pair.client.send(compressed)
  assert.equal(await pair.upstream.bytes(compressed.length), compressed)
  pair.upstream.send(bare(2, 'x', { rsv: 0x40 }))
  assert.equal((await pair.client.count(1))[0]?.rsv, 0x40)
})
