/** Clients that are let in to speak first, and want to be a burden. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { httpService } from '../authorization/services.ts'
import { firstMessages, init, mint, said } from '../support/first-message.ts'
import { accept, eventually, within } from '../support/upgrades.ts'
import { bare, closing, masked, maskedHead } from '../support/wire-frames.ts'

const SHORT = ', firstMessage: { timeout: 300ms }'

/** [name, what is sent over and over] */
const ENDLESS: readonly [string, (round: number) => string][] = [
  ['half a header', (round) => (round === 0 ? masked(1, 'x').slice(0, 3) : '')],
  ['half a ping', (round) => (round === 0 ? masked(9, 'x').slice(0, 2) : '')],
  [
    'fragments of nothing',
    (round) => (round === 0 ? masked(1, '', { fin: false }) : masked(0, '', { fin: false }).repeat(1000)),
  ],
  ['fragments of a byte', (round) => masked(round === 0 ? 1 : 0, 'x', { fin: false })],
  ['pings', () => masked(9, 'x'.repeat(125)).repeat(500)],
]

for (const [name, bytes] of ENDLESS) {
  test(`endless: ${name}`, async (t) => {
    const { come, decided, server, nothingHeld } = await firstMessages(t, { token: SHORT })
    const client = await come()
    let round = 0
    const sending = setInterval(() => client.send(bytes(round++)), 3)
    t.after(() => clearInterval(sending))
    // Of what was sent meanwhile not all was read: the Close may be lost with it.
    await client.ended()
    clearInterval(sending)
    assert.deepEqual(decided(), [['rejected', 'token', 'token_timeout', 4408]])
    assert.equal(server.connections.length, 0)
    client.raw.socket.destroy()
    await nothingHeld()
  })
}

/** [name, the first frame, close code] */
const LENGTHS: readonly [string, string, number][] = [
  ['2^40 bytes', maskedHead(1, 2 ** 40), 1009],
  ['2^63 bytes', `\x81\xff\x80${'\0'.repeat(7)}\x12\xa4\x5b\xfe`, 1002],
  ['a length that fits less', '\x81\xfe\x00\x05\x12\xa4\x5b\xfehello', 1002],
  ['a ping of 126 bytes', maskedHead(9, 126), 1002],
]

for (const [name, bytes, code] of LENGTHS) {
  test(`a first frame of ${name}`, async (t) => {
    const { come, server } = await firstMessages(t)
    const client = await come()
    client.send(bytes)
    assert.equal((await client.close()).code, code)
    assert.equal(server.connections.length, 0)
  })
}

test('as long as may be, to the byte', async (t) => {
  const message = init(await mint())
  const { come, backend, decided } = await firstMessages(t, { token: `, firstMessage: { size: ${message.length} }` })
  const [fits, not] = [await come(), await come()]
  not.send(masked(1, ` ${message}`))
  assert.equal((await not.close()).code, 1009)
  fits.send(masked(1, message))
  await accept(await backend(0))
  await eventually(() => decided().length === 2, 'both decided')
  assert.equal(decided()[1]?.[0], 'admitted')
})

/** [name, path, what stands there, reason] */
const PLACES: readonly [string, string, (token: string) => string, string | undefined][] = [
  ['__proto__, which is a key like any', '__proto__.token', (token) => `{"__proto__":{"token":"${token}"}}`, undefined],
  ['what an object inherits', 'constructor.name', () => '{}', 'token_missing'],
  ['a list', 'tokens.1', (token) => `{"tokens":["x","${token}"]}`, undefined],
  ['behind its end', 'tokens.2', (token) => `{"tokens":["x","${token}"]}`, 'token_missing'],
  ['an object', 'token', (token) => `{"token":{"token":"${token}"}}`, 'token_missing'],
  ['a token longer than any', 'token', (token) => `{"token":"${token}${'x'.repeat(8192)}"}`, 'token_invalid'],
  [
    'Bearer, blanks and a line, slow to match',
    'token',
    () => JSON.stringify({ token: `bearer${' '.repeat(15_000)}\nx` }),
    'token_invalid',
  ],
]

for (const [name, path, message, reason] of PLACES) {
  test(`a token in ${name}: ${reason ?? 'admitted'}`, async (t) => {
    const { come, decided } = await firstMessages(t, { from: `message:${path}` })
    const client = await come()
    client.send(masked(1, message(await mint())))
    await eventually(() => decided().length === 1, 'a decision', 1000)
    assert.equal(decided()[0]?.[2], reason)
  })
}

test('codes that a client makes up are none of ours', async (t) => {
  const { come, decided, proxy } = await firstMessages(t)
  for (const code of [4000, 4999]) {
    const client = await come()
    client.send(masked(8, closing(code)))
    assert.equal((await client.close()).code, code)
  }
  assert.deepEqual(decided(), Array(2).fill(['rejected', 'token', 'token_missing', 4401]))
  const metrics = await (await fetch(`http://${proxy.ops}/metrics`)).text()
  assert.doesNotMatch(metrics, /code="4(?:000|999)"/)
})

test('while its token is judged a client has its place among those that wait, and is not read without end', async (t) => {
  const asked: ServerResponse[] = []
  const url = await httpService(t, (_, response) => void asked.push(response))
  const { come, decided, backend, server, nothingHeld } = await firstMessages(t, {
    token: ', firstMessage: { waiters: 1 }',
    route: `, authorize: [{ url: "${url}", timeout: 10s }]`,
  })
  const first = said(await mint())
  const behind = masked(2, Buffer.alloc(1 << 20, 'y')).repeat(10)
  const client = await come()
  client.send(first + behind)
  await eventually(() => asked.length === 1, 'the question')
  const second = await come()
  assert.equal((await second.close()).code, 1008)
  assert.equal(decided().at(-1)?.[2], 'too_many_connections')
  // It did not get rid of all that.
  assert.ok(client.raw.socket.writableLength > 0)
  assert.equal(server.connections.length, 0)

  asked[0]?.writeHead(200).end()
  const upstream = await backend(0)
  await accept(upstream)
  const all = await upstream.bytes(first.length + behind.length)
  assert.ok(all === first + behind)
  const third = await come()
  for (const { raw } of [client, second, third, upstream]) raw.socket.destroy()
  await nothingHeld()
})

test('who leaves while its token is judged leaves nothing, and keeps no backend', async (t) => {
  const asked: ServerResponse[] = []
  const url = await httpService(t, (_, response) => void asked.push(response))
  const { come, server, proxy, nothingHeld } = await firstMessages(t, {
    route: `, authorize: [{ url: "${url}", timeout: 10s }], limits: { connections: { perIp: 2, perUser: 2 } }`,
  })
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    const client = await come()
    client.send(said(await mint()))
    await eventually(() => asked.length === 1, 'the question')
    client.raw.socket[leave]()
    asked.pop()?.writeHead(200).end()
    await eventually(() => closedOf(proxy.logs) > (leave === 'end' ? 0 : 1), 'the end')
    client.raw.socket.destroy()
  }
  await nothingHeld()
  // It may be seen to leave when the backend is dialled by now.
  for (const { ended } of server.connections) await within(ended, () => 'the end at the backend')
})

const closedOf = (logs: readonly Readonly<Record<string, unknown>>[]) =>
  logs.filter(({ event }) => event === 'closed').length

test('the first message is a message: its rate, its size and its schema are those of any', async (t) => {
  const schema = '{"type":"object","required":["payload"],"properties":{"payload":{"required":["room"]}}}'
  const route = ', messages: { schema: schema.json, onInvalid: close }, limits: { messages: { perConnection: 1/min } }'
  const { come, backend, proxy } = await firstMessages(t, { route }, { '/test/schema.json': schema })
  const token = await mint()
  const bad = await come()
  bad.send(said(token))
  await accept(await backend(0))
  assert.equal((await bad.close()).code, 1007)

  const good = await come()
  const message = masked(1, JSON.stringify({ payload: { authorization: token, room: 7 } }))
  good.send(message)
  const upstream = await backend(1)
  await accept(upstream)
  await upstream.bytes(message.length)
  good.send(message)
  assert.deepEqual(await good.close(), { code: 1008, reason: 'Rate limit exceeded' })
  assert.deepEqual(
    (await upstream.count(2)).map(({ opcode }) => opcode),
    [1, 8],
  )
  const admitted = proxy.logs.filter(({ event, outcome }) => event === 'decided' && outcome === 'admitted')
  assert.equal(admitted.length, 2)
})

test('a first message that is also one of a newer token is taken, and the connection goes on', async (t) => {
  const { come, backend } = await firstMessages(t, {
    token: ', refresh: { when: { type: connection_init }, from: "message:payload.authorization", reply: ok }',
  })
  const client = await come()
  client.send(said(await mint()) + masked(1, 'next'))
  const upstream = await backend(0)
  await accept(upstream)
  assert.deepEqual(String((await upstream.count(1))[0]?.payload), 'next')
  assert.deepEqual(String((await client.count(1))[0]?.payload), 'ok')
})

test('what a reload brought while a client was waited for counts from its session on', async (t) => {
  const { come, backend, reload, proxy } = await firstMessages(t)
  const client = await come()
  await reload({ route: ', limits: { frameSize: 2KiB }, session: { idle: 300ms }' })
  client.send(said(await mint()))
  const upstream = await backend(0)
  await accept(upstream)
  assert.deepEqual(await client.close(), { code: 1001, reason: 'Session timeout' })
  client.raw.socket.destroy()
  upstream.raw.socket.destroy()
  assert.equal((await proxy.line(({ event }) => event === 'closed')).reason, 'session_idle')
})

test('what was revoked while a client was waited for is refused', async (t) => {
  const { come, decided, proxy } = await firstMessages(t)
  const client = await come()
  const body = JSON.stringify({ user: 'ann' })
  assert.ok((await fetch(`http://${proxy.admin}/api/revocations`, { method: 'POST', body })).ok)
  client.send(said(await mint()))
  assert.equal((await client.close()).code, 4401)
  assert.equal(decided()[0]?.[2], 'token_revoked')
})

test('a newer connection takes the place of the oldest when it has spoken, not before', async (t) => {
  const { come, backend, nothingHeld } = await firstMessages(t, {
    route: ', limits: { connections: { perUser: 1, onExceed: evict-oldest } }',
  })
  const [older, newer] = [await come(), await come()]
  const token = await mint()
  older.send(said(token))
  await accept(await backend(0))
  await (await backend(0)).count(1)
  newer.send(said(token))
  await accept(await backend(1))
  assert.equal((await older.close()).code, 4009)
  const upstream = await backend(1)
  upstream.send(bare(1, 'stays'))
  assert.equal(String((await newer.count(1))[0]?.payload), 'stays')
  for (const { raw } of [older, newer, await backend(0), upstream]) raw.socket.destroy()
  await nothingHeld()
})

test('a backend that never answers is a bad gateway when its time is up', async (t) => {
  const { come, backend } = await firstMessages(t, { top: 'handshakeTimeout: 300ms' })
  const client = await come()
  client.send(said(await mint()))
  await (await backend(0)).head()
  assert.equal((await client.close()).code, 1014)
})

test('a subprotocol may bring the token, or be the word alone', async (t) => {
  const { come, backend, decided } = await firstMessages(t, {
    from: 'protocol:bearer", "message:payload.authorization',
  })
  const token = await mint()
  await Promise.all([
    come({ headers: [`Sec-WebSocket-Protocol: graphql-ws, bearer, ${token}`] }),
    accept(await backend(0), { headers: ['Sec-WebSocket-Protocol: graphql-ws'] }),
  ])
  const client = await come({ headers: ['Sec-WebSocket-Protocol: graphql-ws, bearer'] })
  assert.equal((await client.head()).header('sec-websocket-protocol'), 'graphql-ws')
  client.send(said(token))
  assert.equal((await (await backend(1)).head()).header('sec-websocket-protocol'), 'graphql-ws')
  assert.deepEqual(
    decided().map(([outcome]) => outcome),
    ['admitted', 'admitted'],
  )
})

for (const level of ['process', 'route'] as const) {
  test(`a dry run of the ${level}: nobody waits, whatever its token comes to`, async (t) => {
    const dry = level === 'process' ? { top: 'mode: dry-run' } : { route: ', mode: dry-run' }
    const { come, backend, decided, proxy, nothingHeld } = await firstMessages(t, { ...dry, token: SHORT })
    const clients = [come(), come(), come()]
    for (const index of clients.keys()) await accept(await backend(index))
    const [good, bad, silent] = await Promise.all(clients)
    const says = said(await mint())
    good?.send(says)
    bad?.send(said('no token'))
    await eventually(() => decided().length === 3, 'three decisions')
    assert.deepEqual(
      new Set(decided().map((line) => line.slice(0, 3).join(' ').trim())),
      new Set(['admitted', 'would_reject token token_invalid', 'would_reject token token_timeout']),
    )
    const metrics = await (await fetch(`http://${proxy.ops}/metrics`)).text()
    const results = [...metrics.matchAll(/^ws_connections_total\{.*result="(\w+)"\} (\d+)$/gm)].map((found) =>
      found.slice(1),
    )
    assert.deepEqual(
      new Map(results as [string, string][]),
      new Map([
        ['success', '1'],
        ['would_reject', '2'],
      ]),
    )
    for (const one of [good, bad, silent]) one?.raw.socket.destroy()
    for (const index of clients.keys()) (await backend(index)).raw.socket.destroy()
    await nothingHeld()
  })
}

test('a dry run tells when the token of a first message would have ended the connection', async (t) => {
  const { come, backend, proxy } = await firstMessages(t, { token: ', mode: dry-run' })
  const pending = come()
  await accept(await backend(0))
  const client = await pending
  client.send(said(await mint({ sub: 'ann' }, 0.5)))
  const told = await proxy.line(({ event }) => event === 'violated')
  assert.deepEqual([told.reason, told.outcome, told.user], ['token_expired', 'would_reject', 'ann'])
})
