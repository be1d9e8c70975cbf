/** Tokens in first messages: nobody hears of a client before its token was verified. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstMessages, init, mint, said } from '../support/first-message.ts'
import { accept, ask, type End, eventually, within } from '../support/upgrades.ts'
import { bare, closeOf, closing, masked, maskedHead } from '../support/wire-frames.ts'

const GRAPHQL = 'Sec-WebSocket-Protocol: other, graphql-transport-ws, graphql-ws'

test('who shows a good token is let through, with all that he sent, as he sent it', async (t) => {
  const { proxy, server, backend, come, decided } = await firstMessages(t, {
    route: ', headers: { user: X-User, claims: X-Claims }, authorize: [{ claim: room, equals: "query:room" }]',
  })
  const client = await come({
    path: '/ws?room=7',
    headers: [GRAPHQL, 'Sec-WebSocket-Extensions: permessage-deflate', 'X-User: mallory'],
  })
  const head = await client.head()
  assert.equal(head.status, 101)
  assert.equal(head.header('sec-websocket-protocol'), 'graphql-transport-ws')
  assert.equal(head.header('sec-websocket-extensions'), undefined)
  assert.deepEqual([server.connections.length, decided()], [0, []])

  const token = await mint({ sub: 'ann', room: '7' })
  const message = init(`Bearer ${token}`)
  const sent = `${masked(9, 'early')}${masked(1, message.slice(0, 20), { fin: false })}${masked(10, 'within')}${masked(0, message.slice(20))}${masked(1, 'next')}`
  client.send(sent)
  const upstream = await backend(0)
  const asked = await upstream.head()
  assert.deepEqual(
    ['sec-websocket-protocol', 'sec-websocket-extensions', 'x-user', 'x-claims'].map((name) => asked.header(name)),
    ['graphql-transport-ws', undefined, 'ann', token.split('.')[1]],
  )
  assert.equal(upstream.rest(), '')
  client.send(masked(1, 'behind'))
  await accept(upstream, { headers: ['Sec-WebSocket-Protocol: graphql-transport-ws'], glued: bare(1, 'ack') })
  assert.equal(await upstream.bytes(sent.length + 12), sent + masked(1, 'behind'))
  assert.deepEqual(
    (await client.count(1)).map(({ payload }) => String(payload)),
    ['ack'],
  )

  const [line] = proxy.logs.filter(({ event }) => event === 'decided')
  assert.deepEqual(
    [line?.outcome, line?.user, line?.token_source],
    ['admitted', 'ann', 'message:payload.authorization'],
  )
  assert.equal(typeof line?.token_hash, 'string')
  for (const one of proxy.written) assert.ok(!one.includes(token.slice(-20)))
  client.send(masked(8, closing(1000)))
  upstream.send(bare(8, closing(1000)))
  upstream.raw.socket.end()
  client.raw.socket.end()
  const closed = await proxy.line(({ event }) => event === 'closed')
  assert.deepEqual([closed.code, closed.user, closed.messages_in], [1000, 'ann', 3])
  const metrics = await (await fetch(`http://${proxy.ops}/metrics`)).text()
  assert.match(metrics, /ws_connections_total\{route="\/ws",type="direct",result="success"\} 1/)
  assert.equal(metrics.match(/^ws_connections_total\{/gm)?.length, 1)
})

test('a token that stands elsewhere is the token: nobody waits', async (t) => {
  const { backend, decided, proxy } = await firstMessages(t)
  await ask(t, proxy.port, { path: `/ws?token=${await mint()}` })
  await (await backend(0)).head()
  assert.deepEqual(decided(), [['admitted', undefined, undefined, undefined]])
})

const OTHER = `${'e'.repeat(20)}.e30.${'x'.repeat(20)}`

/** [name, what the client says, close code, reason in the log] */
const REFUSED: readonly [string, string | (() => Promise<string>), number, string][] = [
  ['no token in it', masked(1, '{"type":"connection_init"}'), 4401, 'token_missing'],
  ['a token that is a number', said(7), 4401, 'token_missing'],
  ['a token that is empty', said(''), 4401, 'token_missing'],
  ['a bad token', said(OTHER), 4401, 'token_invalid'],
  ['one that expired', async () => said(await mint({ sub: 'ann' }, -1)), 4401, 'token_expired'],
  ['no JSON', masked(1, 'hello'), 1007, 'message_invalid'],
  ['no UTF-8', masked(1, Buffer.of(0x22, 0xff, 0x22)), 1007, 'message_invalid'],
  ['a key twice', masked(1, '{"payload":{"authorization":"a","authorization":"b"}}'), 1007, 'message_invalid'],
  ['a key in two cases', masked(1, '{"payload":{"authorization":"a","Authorization":"b"}}'), 1007, 'message_invalid'],
  ['nested too deeply', masked(1, '['.repeat(200)), 1007, 'message_invalid'],
  ['binary', masked(2, '{}'), 1003, 'kind_not_allowed'],
  ['too long, by its header alone', maskedHead(1, 16_385), 1009, 'message_too_big'],
  [
    'too long, over its fragments',
    `${masked(1, '"'.padEnd(9000), { fin: false })}${maskedHead(0, 9000)}`,
    1009,
    'message_too_big',
  ],
  ['compressed, which nobody agreed to', masked(1, 'x', { rsv: 0x40 }), 1002, 'protocol_error'],
  ['a frame that is not masked', bare(1, '{}'), 1002, 'protocol_error'],
  [
    'another domain',
    async () => said(await mint({ sub: 'ann', allowed_domains: ['other.example'] })),
    4003,
    'domain_not_allowed',
  ],
  [
    'another room',
    async () => said(await mint({ sub: 'ann', allowed_domains: ['app.example'], room: '8' })),
    1008,
    'access_denied',
  ],
]

for (const [name, what, code, reason] of REFUSED) {
  test(`refused: ${name}`, async (t) => {
    const { proxy, server, come, decided } = await firstMessages(t, {
      route: ', domains: {}, authorize: [{ claim: room, equals: "query:room" }], rejectWith: http',
    })
    const client = await come({ path: '/ws?room=7', headers: ['Origin: https://app.example'] })
    assert.equal((await client.head()).status, 101)
    client.send(typeof what === 'string' ? what : await what())
    assert.equal((await client.close()).code, code)
    await client.ended()
    assert.equal(server.connections.length, 0)
    assert.equal(decided().length, 1)
    assert.deepEqual(decided()[0]?.toSpliced(1, 1), ['rejected', reason, code])
    client.raw.socket.destroy()
    await eventually(() => Object.values(proxy.running.held()).every((held) => held === 0), 'nothing left')
  })
}

test('who says nothing in time, or too slowly, is told so', async (t) => {
  const { server, come, decided, proxy } = await firstMessages(t, { token: ', firstMessage: { timeout: 300ms }' })
  const [silent, slow] = [await come(), await come()]
  const bytes = said(await mint())
  let sent = 0
  const dripping = setInterval(() => slow.send(bytes[sent++ % bytes.length] ?? ''), 20)
  t.after(() => clearInterval(dripping))
  for (const client of [silent, slow]) assert.deepEqual(await client.close(), { code: 4408, reason: 'Token timeout' })
  assert.deepEqual(decided(), Array(2).fill(['rejected', 'token', 'token_timeout', 4408]))
  assert.equal(server.connections.length, 0)
  const metrics = await (await fetch(`http://${proxy.ops}/metrics`)).text()
  assert.match(metrics, /ws_connections_total\{route="\/ws",type="direct",result="rejected"\} 2/)
  // The wait is the client's own time.
  assert.match(metrics, /ws_handshake_duration_seconds_bucket\{le="0.1"\} 2/)
})

test('who leaves without a word is gone, and a Close is answered', async (t) => {
  const { server, come, decided, proxy } = await firstMessages(t)
  const clients = [await come(), await come(), await come(), await come()] as const
  clients[0].send(masked(8, closing(1001, 'bye')))
  assert.deepEqual(await clients[0].close(), { code: 1001, reason: 'bye' })
  clients[1].send(masked(8))
  assert.deepEqual(await clients[1].close(), { code: 1005, reason: '' })
  clients[2].raw.socket.end()
  clients[3].raw.socket.resetAndDestroy()
  await eventually(() => decided().length === 4, 'four decisions')
  for (const line of decided()) assert.deepEqual(line.slice(0, 3), ['rejected', 'token', 'token_missing'])
  assert.equal(server.connections.length, 0)
  for (const { raw } of clients) raw.socket.destroy()
  await eventually(() => Object.values(proxy.running.held()).every((held) => held === 0), 'nothing left')
})

test('what can be judged before is: origin, rate, counts and subprotocols, without a wait', async (t) => {
  const { server, come, decided } = await firstMessages(t, {
    token: ', firstMessage: { waiters: 2 }',
    route:
      ', origin: { allow: ["https://app.example"] }, limits: { connections: { perIp: 3 }, handshakes: { perIp: 6/min } }',
  })
  const headers = ['Origin: https://app.example']
  const open = [await come({ headers }), await come({ headers })]
  const refused = [
    await come({ headers: ['Origin: https://evil.example'] }),
    await come({ headers: [...headers, 'Sec-WebSocket-Protocol: chat'] }),
    await come({ headers }),
  ]
  for (const client of refused) await client.ended()
  assert.deepEqual(
    decided().map(([, check, reason]) => [check, reason]),
    [
      ['origin', 'origin_not_allowed'],
      ['token', 'bad_request'],
      ['token', 'too_many_connections'],
    ],
  )
  // One of those that wait goes on: it waits no more, but holds its place among the connections.
  open[0]?.send(said(await mint()))
  await eventually(() => server.connections.length === 1, 'one at the backend')
  const third = await come({ headers })
  assert.equal(third.frames().length, 0)
  const last = await come({ headers })
  assert.deepEqual(closeOf((await last.count(1))[0] ?? assert.fail()), { code: 1008, reason: 'Too many connections' })
  assert.equal(decided().at(-1)?.[1], 'handshakes')
})

test('connections of an address are counted while they wait, those of a user when they have spoken', async (t) => {
  const { server, backend, come, decided, proxy } = await firstMessages(t, {
    route: ', limits: { connections: { perUser: 1, perIp: 2 } }',
  })
  const [one, two] = [await come(), await come()]
  const third = await come()
  assert.equal((await third.close()).code, 1008)
  one.send(said(await mint()))
  await accept(await backend(0))
  await proxy.line(({ event, outcome }) => event === 'decided' && outcome === 'admitted')
  two.send(said(await mint()))
  assert.deepEqual(await two.close(), { code: 1008, reason: 'Too many connections' })
  assert.equal(server.connections.length, 1)
  assert.deepEqual(
    decided().map(([outcome, check]) => [outcome, check]),
    [
      ['rejected', 'connections'],
      ['admitted', undefined],
      ['rejected', 'connections'],
    ],
  )
})

/** [name, how the backend answers, reason] */
const WRONG = [
  ['another subprotocol', ['Sec-WebSocket-Protocol: graphql-ws']],
  ['no subprotocol', []],
  ['an extension', ['Sec-WebSocket-Protocol: graphql-transport-ws', 'Sec-WebSocket-Extensions: permessage-deflate']],
] as const

for (const [name, headers] of WRONG) {
  test(`a backend that answers with ${name} is a bad gateway`, async (t) => {
    const { backend, come, proxy } = await firstMessages(t)
    const client = await come({ headers: [GRAPHQL] })
    client.send(said(await mint()))
    await accept(await backend(0), { headers })
    assert.deepEqual(await client.close(), { code: 1014, reason: 'Bad gateway' })
    const closed = await proxy.line(({ event }) => event === 'closed')
    assert.deepEqual([closed.reason, closed.code], ['upstream_unreachable', 1014])
  })
}

test('a backend that refuses is a bad gateway too', async (t) => {
  const { backend, come, proxy } = await firstMessages(t)
  const client = await come()
  client.send(said(await mint()))
  const upstream = await backend(0)
  await upstream.head()
  upstream.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
  assert.equal((await client.close()).code, 1014)
  await proxy.line(({ event, outcome }) => event === 'answered' && outcome === 'upstream_error')
  await upstream.ended()
})

test('a client that leaves while the backend thinks takes the question with it', async (t) => {
  const { backend, come, proxy } = await firstMessages(t)
  const client = await come()
  client.send(said(await mint()))
  const upstream = await backend(0)
  await upstream.head()
  client.raw.socket.destroy()
  await upstream.ended()
  await eventually(() => Object.values(proxy.running.held()).every((held) => held === 0), 'nothing left')
})

test('early bytes are bounded, and none is lost', async (t) => {
  const { backend, come } = await firstMessages(t)
  const client = await come()
  const rest = masked(2, Buffer.alloc(60_000, 'x')).repeat(20)
  const first = said(await mint())
  client.send(first + rest)
  const upstream = await backend(0)
  await upstream.head()
  await accept(upstream)
  assert.equal((await upstream.bytes(first.length + rest.length)).length, first.length + rest.length)
  assert.ok((await upstream.bytes(1)) === first + rest)
})

test('a flood of pings before the first message is not kept for ever', async (t) => {
  const { come, decided } = await firstMessages(t, { token: ', firstMessage: { timeout: 500ms }' })
  const client = await come()
  const flood = setInterval(() => client.send(masked(9, 'x'.repeat(100)).repeat(1000)), 5)
  t.after(() => clearInterval(flood))
  await client.ended().catch(() => {})
  assert.equal(decided()[0]?.[2], 'token_timeout')
})

test('a drain ends those who wait with 1012', async (t) => {
  const { come, proxy, decided } = await firstMessages(t, { top: 'drain: { jitter: 0s }' })
  const client = await come()
  const stopped = proxy.running.stop()
  assert.deepEqual(await within(client.close(), () => 'the Close'), { code: 1012, reason: 'Service restart' })
  client.raw.socket.destroy()
  await stopped
  assert.deepEqual(decided(), [['rejected', 'token', 'shutting_down', 1012]])
})

test('a dry run waits for nobody, and tells what would have become of it', async (t) => {
  const { backend, decided, proxy } = await firstMessages(t, {
    token: ', mode: dry-run, firstMessage: { timeout: 400ms }',
    route: ', domains: { mode: dry-run }',
  })
  const says = [
    said(await mint({ sub: 'ann', allowed_domains: ['app.example'] })),
    said(OTHER),
    masked(2, 'x'),
    '',
    said(await mint({ sub: 'ann' })),
  ]
  for (const [index, bytes] of says.entries()) {
    const pending = ask(t, proxy.port, { headers: ['Origin: https://app.example'] })
    const upstream = await backend(index)
    await accept(upstream)
    const client = await pending
    await client.head()
    client.send(bytes)
    await upstream.bytes(bytes.length)
    assert.equal(upstream.rest(), bytes)
  }
  await eventually(() => decided().length === 5, 'five decisions')
  const told = new Set(decided().map((line) => line.slice(0, 3).join(' ')))
  const expected = [
    'admitted  ',
    'would_reject domains domain_not_allowed',
    'would_reject token kind_not_allowed',
    'would_reject token token_invalid',
    'would_reject token token_timeout',
  ]
  assert.deepEqual(told, new Set(expected))
  const metrics = await (await fetch(`http://${proxy.ops}/metrics`)).text()
  assert.match(metrics, /ws_connections_total\{route="\/ws",type="direct",result="would_reject"\} 4/)
  assert.match(metrics, /ws_connections_total\{route="\/ws",type="direct",result="success"\} 1/)
})

test('what is enforced behind a token in dry run ends the session when it is known', async (t) => {
  const { backend, decided, proxy } = await firstMessages(t, {
    token: ', mode: dry-run',
    route: ', domains: {}',
  })
  const pending = ask(t, proxy.port, { headers: ['Origin: https://app.example'] })
  await accept(await backend(0))
  const client = await pending
  await client.head()
  client.send(said(await mint({ sub: 'ann', allowed_domains: ['other.example'] })))
  assert.equal((await client.close()).code, 4003)
  assert.deepEqual(decided(), [['rejected', 'domains', 'domain_not_allowed', 4003]])
})

test('a dry run whose backend is down tells all the same, once, and keeps no place', async (t) => {
  const { proxy, server, decided } = await firstMessages(t, { token: ', mode: dry-run' })
  const pending = ask(t, proxy.port)
  await eventually(() => server.connections.length === 1, 'the dial')
  server.connections[0]?.socket.destroy()
  const client = await pending
  assert.equal((await client.close()).code, 1014)
  client.raw.socket.destroy()
  assert.equal(decided().length, 1)
  await eventually(() => Object.values(proxy.running.held()).every((held) => held === 0), 'nothing left')
})

test('other places in a message', async (t) => {
  const { backend, come } = await firstMessages(t, { from: 'message:auth.0.the\\\\.token' })
  const client = await come()
  client.send(masked(1, JSON.stringify({ auth: [{ 'the.token': await mint() }] })))
  await (await backend(0)).head()
})

test('a thousand that wait, of every ending, leave nothing', { timeout: 60_000 }, async (t) => {
  const { proxy, server, decided } = await firstMessages(t, {
    token: ', firstMessage: { timeout: 400ms }',
    route: ', limits: { connections: { perIp: 2000, perUser: 2000 } }',
  })
  const good = said(await mint())
  const endings: readonly ((client: End) => void)[] = [
    () => {},
    ({ send }) => send(good),
    ({ send }) => send(good.slice(0, 30)),
    ({ send }) => send(said(OTHER)),
    ({ send }) => send(masked(1, 'no JSON')),
    ({ send }) => send(masked(8, closing(1000))),
    ({ send }) => send(maskedHead(1, 1 << 20)),
    ({ raw }) => void raw.socket.end(),
    ({ raw }) => void raw.socket.resetAndDestroy(),
    ({ raw }) => void raw.socket.write(good, 'latin1', () => raw.socket.destroy()),
  ]
  const one = async (index: number) => {
    const client = await ask(t, proxy.port)
    await client.head()
    endings[index % endings.length]?.(client)
    // A backend that drops them all.
    for (const { socket } of server.connections.splice(0)) socket.destroy()
    if (index % endings.length < endings.length - 3) await client.ended()
    client.raw.socket.destroy()
  }
  for (let from = 0; from < 1000; from += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => one(from + index)))
  }
  for (const { socket } of server.connections) socket.destroy()
  await eventually(() => Object.values(proxy.running.held()).every((held) => held === 0), 'nothing left')
  assert.equal(decided().length, 1000)
  const reasons = new Set(decided().map(([, , reason]) => reason))
  for (const reason of ['token_timeout', 'token_invalid', 'message_invalid', 'message_too_big', 'token_missing']) {
    assert.ok(reasons.has(reason), reason)
  }
})
