/** Saying no: what a refused client reads (traps 9, 12, 30, 33). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { ask, eventually, proxied } from '../support/upgrades.ts'
import { bare, closing, masked } from '../support/wire-frames.ts'

const SECRET = 'a-secret-of-the-test-that-is-long-enough'
const guarded = (more = '', top = '') => `
upstream: UPSTREAM
${top}
routes:
  - name: chat
    path: /ws
    token: { from: [protocol:bearer, query:token], secret: ${SECRET} }
    ${more}
`
const BAD_TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

test('a refusal is a whole handshake and a Close, and not a byte more', async (t) => {
  const all = await proxied(t, { yaml: guarded() })
  const client = await ask(t, all.proxy.port, { headers: ['Sec-WebSocket-Extensions: permessage-deflate'] })
  const expected = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    '',
    bare(8, closing(4401, 'Invalid or expired authentication token')),
  ].join('\r\n')
  assert.equal(await client.raw.ended, expected)
  assert.ok(expected.length < 300)
})

const PROTOCOLS: [offered: string, echoed: string | undefined][] = [
  ['chat', 'chat'],
  ['a, b', 'a'],
  ['a\r\nSec-WebSocket-Protocol: b', 'a'],
  [`bearer, ${BAD_TOKEN}`, 'bearer'],
  [`bearer, ${BAD_TOKEN}, chat`, 'bearer'],
  [`chat, bearer, ${BAD_TOKEN}`, 'chat'],
  ['', undefined],
  [',,', undefined],
]

test('the subprotocol is one of those offered, never a token (trap 30)', async (t) => {
  const all = await proxied(t, { yaml: guarded() })
  for (const [offered, echoed] of PROTOCOLS) {
    const client = await ask(t, all.proxy.port, { headers: [`Sec-WebSocket-Protocol: ${offered}`] })
    assert.equal((await client.head()).header('Sec-WebSocket-Protocol'), echoed, offered)
    assert.equal((await client.close()).code, 4401, offered)
    assert.ok(!client.raw.received().includes(BAD_TOKEN), offered)
  }
})

test('a subprotocol that is the token itself, wherever it stands, is passed over', async (t) => {
  const all = await proxied(t, { yaml: guarded().replace('protocol:bearer', 'protocol:base64url.bearer.*') })
  const token = `base64url.bearer.${Buffer.from(BAD_TOKEN).toString('base64url')}`
  for (const [offered, echoed] of [
    [`${token}, chat`, 'chat'],
    [`chat, ${token}`, 'chat'],
    [token, undefined],
  ] as const) {
    const client = await ask(t, all.proxy.port, { headers: [`Sec-WebSocket-Protocol: ${offered}`] })
    assert.equal((await client.head()).header('Sec-WebSocket-Protocol'), echoed, offered)
    assert.equal((await client.close()).code, 4401, offered)
  }
})

test('a client library reads code and reason', async (t) => {
  const all = await proxied(t, { yaml: guarded() })
  for (const protocols of [[], ['chat'], ['bearer', BAD_TOKEN]]) {
    const socket = new WebSocket(all.proxy.url('/ws'), protocols)
    const seen = await new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve([code, String(reason), socket.protocol]))
      socket.on('error', (error) => resolve(error))
    })
    assert.deepEqual(seen, [4401, 'Invalid or expired authentication token', protocols[0] ?? ''])
  }
})

const REJECT: [setting: string, headers: string[], status: number][] = [
  ['rejectWith: http', [], 401],
  ['rejectWith: auto', [], 401],
  ['rejectWith: auto', ['Origin: https://app.test'], 101],
  ['rejectWith: close', [], 101],
]

test('rejectWith: a status, or a close code for browsers only', async (t) => {
  for (const [setting, headers, status] of REJECT) {
    for (const yaml of [guarded(setting), guarded('', setting), guarded(setting, 'rejectWith: http')]) {
      const all = await proxied(t, { yaml })
      const client = await ask(t, all.proxy.port, { headers })
      assert.equal((await client.head()).status, status, yaml)
      const received = await client.raw.ended
      if (status === 101) continue
      assert.match(received, /\r\nWWW-Authenticate: Bearer\r\n[\s\S]*Invalid or expired authentication token\n$/)
      assert.match(received, /\r\nConnection: close\r\n/)
      assert.equal((await all.proxy.line(({ event }) => event === 'decided')).code, 401)
    }
  }
})

test('overrides and presets change what a client is told', async (t) => {
  const cases: [closeCodes: string, code: number, text: string][] = [
    ['{ preset: replyx }', 4002, 'Invalid or expired authentication token'],
    ['{ token_missing: { code: 4999, text: "Bitte anmelden ü" } }', 4999, 'Bitte anmelden ü'],
    ['{ preset: replyx, token_missing: { text: No } }', 4002, 'No'],
  ]
  for (const [closeCodes, code, reason] of cases) {
    const all = await proxied(t, { yaml: guarded('', `closeCodes: ${closeCodes}`) })
    const client = await ask(t, all.proxy.port)
    assert.deepEqual(await client.close(), { code, reason })
  }
})

test('overloaded and shutting_down are always 503 with a jittered Retry-After', async (t) => {
  const all = await proxied(t, {
    yaml: 'upstream: UPSTREAM\nlimits: { connections: { total: 1 } }\ndrain: { jitter: 0s, timeout: 60s }',
  })
  const first = await ask(t, all.proxy.port)
  const upstream = await all.backend(0)
  await upstream.head()
  const seen = new Set<number>()
  const refused = async () => {
    const client = await ask(t, all.proxy.port)
    const { status, header } = await client.head()
    assert.equal(status, 503)
    const retryAfter = Number(header('Retry-After'))
    assert.ok(retryAfter >= 1 && retryAfter <= 10)
    seen.add(retryAfter)
    await client.ended()
    client.raw.socket.destroy()
  }
  for (let count = 0; count < 30; count++) await refused()
  assert.ok(seen.size > 1)
  assert.equal((await all.proxy.line(({ reason }) => reason === 'overloaded')).code, 503)

  const stopped = all.proxy.running.stop()
  await all.proxy.line(({ event }) => event === 'draining')
  await eventually(() => all.proxy.logs.some(({ event }) => event === 'draining'), 'draining')
  await refused()
  assert.equal((await all.proxy.line(({ reason }) => reason === 'shutting_down')).code, 503)
  first.raw.socket.destroy()
  await stopped
})

test('after the refusal what still arrives is discarded, and the FIN of the client ends it', async (t) => {
  const all = await proxied(t, { yaml: guarded() })
  const client = await ask(t, all.proxy.port)
  await client.ended()
  assert.equal(all.proxy.running.held().lingering, 1)
  client.send(masked(1, 'x'.repeat(100_000)))
  client.raw.socket.end()
  await eventually(() => all.proxy.running.held().lingering === 0, 'the end')
  assert.equal(all.server.connections.length, 0)
})

test('in a dry run nothing is refused, and all of it is said', async (t) => {
  const all = await proxied(t, { yaml: guarded('', 'mode: dry-run') })
  const client = await ask(t, all.proxy.port, { glued: masked(1, 'hello') })
  const upstream = await all.backend(0)
  await upstream.head()
  upstream.send(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n`,
  )
  assert.equal((await client.head()).status, 101)
  assert.equal((await upstream.count(1))[0]?.payload.toString(), 'hello')
  const line = await all.proxy.line(({ event }) => event === 'decided')
  assert.deepEqual([line.outcome, line.reason, line.code], ['would_reject', 'token_missing', 4401])
})
