/** What may be said, with real clients and backends, compressed and not. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { WebSocket } from 'ws'
import { hearing as backend, connect, DEFLATE, proxied as route, type Spoken } from '../support/spoken.ts'
import { ask, eventually } from '../support/upgrades.ts'
import { masked } from '../support/wire-frames.ts'

const SCHEMA = JSON.stringify({
  type: 'object',
  required: ['type'],
  properties: { type: { type: 'string' }, text: { type: 'string', maxLength: 2000 } },
})

const proxied = (t: TestContext, behind: Spoken, written: string) =>
  route(t, behind, written, { '/test/schema.json': SCHEMA })

const message = (text: string) => JSON.stringify({ type: 'say', text })

const MESSAGES = Array.from({ length: 60 }, (_, index) =>
  message(`${'the same again and again '.repeat(index)}${index}`),
)

for (const [name, client] of [
  ['compressed, each with what came before', { perMessageDeflate: DEFLATE }],
  ['compressed, each alone', { perMessageDeflate: { ...DEFLATE, clientNoContextTakeover: true } }],
  ['compressed with a small window', { perMessageDeflate: { ...DEFLATE, clientMaxWindowBits: 9 } }],
  ['not compressed', { perMessageDeflate: false }],
] as [string, WebSocket.ClientOptions][]) {
  test(`good messages pass, ${name}; a bad one closes`, async (t) => {
    const behind = await backend(t)
    const proxy = await proxied(t, behind, 'messages: { schema: schema.json }')
    const { socket, closed } = await connect(t, proxy.url('/'), client)
    for (const text of MESSAGES) socket.send(text)
    await eventually(() => behind.received.length === MESSAGES.length, 'all messages')
    assert.deepEqual(behind.received, MESSAGES)
    socket.send(JSON.stringify({ type: 1 }))
    assert.deepEqual(await closed, { code: 1007, reason: 'Invalid message' })
    assert.equal(behind.received.length, MESSAGES.length)
    const line = await proxy.line(({ event }) => event === 'violated')
    assert.deepEqual([line.check, line.reason, line.action], ['messageContent', 'message_invalid', 'close'])
  })

  test(`bad messages are answered and vanish, ${name}`, async (t) => {
    const behind = await backend(t)
    const proxy = await proxied(
      t,
      behind,
      'messages: { schema: schema.json, onInvalid: error, errorMessage: { type: error, message: Invalid } }',
    )
    const { socket, messages } = await connect(t, proxy.url('/'), client)
    for (const text of MESSAGES) {
      socket.send(text)
      socket.send(`{"type": "say", "type": "${text.length}"}`)
    }
    await eventually(() => behind.received.length === MESSAGES.length, 'all good messages')
    await eventually(() => messages.length === MESSAGES.length, 'all answers')
    assert.deepEqual(behind.received, MESSAGES)
    assert.deepEqual(new Set(messages), new Set(['{"type":"error","message":"Invalid"}']))
    assert.equal(socket.readyState, WebSocket.OPEN)
  })
}

test('a dry run changes nothing and reports', async (t) => {
  const behind = await backend(t)
  const proxy = await proxied(t, behind, 'messages: { schema: schema.json, mode: dry-run }')
  const { socket } = await connect(t, proxy.url('/'))
  const all = [...MESSAGES, 'no JSON', ...MESSAGES]
  for (const text of all) socket.send(text)
  await eventually(() => behind.received.length === all.length, 'all messages')
  assert.deepEqual(behind.received, all)
  const line = await proxy.line(({ event }) => event === 'violated')
  assert.deepEqual([line.reason, line.action, line.outcome], ['message_invalid', 'none', 'would_reject'])
})

test('a bomb costs its bound', async (t) => {
  const behind = await backend(t)
  const proxy = await proxied(t, behind, 'messages: { schema: schema.json }\nlimits: { messageSize: 64KiB }')
  const { socket, closed } = await connect(t, proxy.url('/'))
  const bomb = deflateRawSync(Buffer.alloc(30 << 20, ' '), { finishFlush: 2 }).subarray(0, -4)
  assert.ok(bomb.length < 64 * 1024)
  // Past the client's own frames: what it sends afterwards does not matter.
  Reflect.get(socket, '_socket').write(Buffer.from(masked(1, bomb, { rsv: 0x40 }), 'latin1'))
  assert.deepEqual(await closed, { code: 1009, reason: 'Message too big' })
})

test('compression: strip takes the offer away', async (t) => {
  const behind = await backend(t)
  const proxy = await proxied(t, behind, 'compression: strip')
  const { socket } = await connect(t, proxy.url('/'))
  assert.deepEqual([socket.extensions, behind.extensions], ['', ['']])
})

test('an extension that cannot be read is not offered where messages are read', async (t) => {
  const behind = await backend(t)
  const proxy = await proxied(t, behind, 'messages: { schema: schema.json }')
  const extensions = 'x-unknown; a=1, permessage-deflate; client_max_window_bits'
  const client = await ask(t, proxy.port, { headers: [`Sec-WebSocket-Extensions: ${extensions}`] })
  await client.raw.until('101')
  assert.deepEqual(behind.extensions, ['permessage-deflate; client_max_window_bits'])
})

const SECRET = 'sk-abcdefghijklmnop'

for (const compressed of [true, false]) {
  test(`what the backend must not say vanishes or is redacted, compressed: ${compressed}`, async (t) => {
    for (const [action, expected] of [
      ['drop', undefined],
      ['redact', '{"key":"[redacted]","password":"[redacted]"}'],
    ]) {
      const behind = await backend(t)
      const rules = `outbound: { deny: ["sk-[a-z]{8,}"], fields: [password], action: ${action} }`
      const proxy = await proxied(t, behind, rules)
      const { messages } = await connect(t, proxy.url('/'), { perMessageDeflate: compressed ? DEFLATE : false })
      await eventually(() => behind.sockets.length === 1, 'the connection')
      const good = MESSAGES.slice(0, 20)
      for (const text of good) {
        behind.sockets[0]?.send(text)
        behind.sockets[0]?.send(`{"key":"${SECRET}","password":"hunter2"}`)
      }
      const all = good.flatMap((text) => (expected === undefined ? [text] : [text, expected]))
      await eventually(() => messages.length === all.length, 'all messages')
      assert.deepEqual(messages, all)
      const line = await proxy.line(({ event }) => event === 'violated')
      assert.deepEqual([line.reason, line.action], ['outbound_denied', action])
      assert.ok(!proxy.written.join('').includes(SECRET))
    }
  })
}

test('what the backend must not say ends the connection', async (t) => {
  const behind = await backend(t)
  const proxy = await proxied(t, behind, 'outbound: { deny: ["sk-[a-z]{8,}"], action: close }')
  const { messages, closed } = await connect(t, proxy.url('/'))
  await eventually(() => behind.sockets.length === 1, 'the connection')
  behind.sockets[0]?.send('fine')
  behind.sockets[0]?.send(SECRET)
  assert.deepEqual(await closed, { code: 1011, reason: 'Internal error' })
  assert.deepEqual(messages, ['fine'])
})

test('kinds are judged from the header', async (t) => {
  const behind = await backend(t)
  const proxy = await proxied(t, behind, 'messages: { kinds: [text] }')
  const { socket, closed } = await connect(t, proxy.url('/'))
  socket.send('anything')
  await eventually(() => behind.received.length > 0, 'the first message')
  socket.send(Buffer.from([1]))
  assert.deepEqual(await closed, { code: 1003, reason: 'Unsupported data' })
  assert.deepEqual(behind.received, ['anything'])
})

test('nothing is kept after the connections are gone', async (t) => {
  const behind = await backend(t)
  const proxy = await proxied(t, behind, 'messages: { schema: schema.json }')
  const { socket } = await connect(t, proxy.url('/'), { perMessageDeflate: false })
  socket.send('{"type":', { fin: false })
  await eventually(() => proxy.running.held().buffered > 0, 'an unfinished message')
  socket.terminate()
  await eventually(() => proxy.running.held().buffered === 0, 'nothing')
})
