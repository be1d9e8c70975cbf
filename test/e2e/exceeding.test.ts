/** Limits as a client meets them: real sockets, real clocks, permessage-deflate of a real client and backend. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { startTestProxy, type TestProxy } from '../support/proxy.ts'
import { portOf } from '../support/raw.ts'
import { ask, eventually, openOn, openPair, proxied, within } from '../support/upgrades.ts'
import { closing, masked } from '../support/wire-frames.ts'

const yaml = (limits: string, top = '') =>
  `upstream: UPSTREAM\n${top}\nroutes: [{ name: chat, path: /*, limits: { ${limits} } }]`

const violations = async ({ ops }: TestProxy) =>
  (await (await fetch(`http://${ops}/metrics`)).text())
    .split('\n')
    .filter((line) => line.startsWith('ws_message_violations_total'))
    .map((line) => line.replace('ws_message_violations_total', ''))

/** A backend made of `ws` that compresses with its window kept, in front of it a proxy; what the backend has read. */
async function deflating(t: TestContext, limits: string) {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: { threshold: 0, serverNoContextTakeover: false, clientNoContextTakeover: false },
  })
  await once(server, 'listening')
  const read: string[] = []
  const errors: string[] = []
  server.on('connection', (socket) => {
    socket.on('message', (data) => read.push(String(data)))
    socket.on('error', ({ message }) => errors.push(message))
  })
  const files = { yaml: yaml(limits) }
  // `ws` types its server as any of node's; this one listens on TCP.
  const upstream = `http://127.0.0.1:${portOf(server as unknown as Parameters<typeof portOf>[0])}`
  const options = { yaml: files.yaml.replace('UPSTREAM', upstream), files: {} }
  const proxy = await startTestProxy(options)
  t.after(async () => {
    for (const socket of server.clients) socket.terminate()
    server.close()
    await proxy.stop()
  })
  return { proxy, read, errors }
}

async function deflatingClient(t: TestContext, proxy: TestProxy) {
  const socket = new WebSocket(proxy.url('/'), { perMessageDeflate: { threshold: 0 } })
  t.after(() => socket.terminate())
  const [[{ headers }]] = await Promise.all([once(socket, 'upgrade'), once(socket, 'open')])
  return { socket, extensions: headers['sec-websocket-extensions'] }
}

/** Texts that deflate makes references into one another of. */
const text = (index: number) => `message ${index} of a conversation that says nearly the same every time`

test('drop: a compressed message vanishes, and the backend inflates what follows (trap 17)', async (t) => {
  const { proxy, read, errors } = await deflating(t, 'messages: { perConnection: 3/s, onExceed: drop }')
  const { socket: client, extensions } = await deflatingClient(t, proxy)
  assert.equal(extensions, 'permessage-deflate; client_no_context_takeover')
  for (let index = 0; index < 6; index++) client.send(text(index))
  await eventually(() => read.length === 3, 'three messages')
  await new Promise((resolve) => setTimeout(resolve, 1050))
  for (let index = 6; index < 9; index++) client.send(text(index))
  await eventually(() => read.length === 6 || errors.length > 0, 'three more')
  assert.deepEqual(errors, [])
  assert.deepEqual(read, [0, 1, 2, 6, 7, 8].map(text))
  assert.equal(client.readyState, WebSocket.OPEN)
})

test('without drop the extension is negotiated as the backend says', async (t) => {
  for (const limits of [
    'messages: { perConnection: 3/s }',
    'messages: { perConnection: 3/s, onExceed: drop, mode: dry-run }',
  ]) {
    const { proxy } = await deflating(t, limits)
    assert.equal((await deflatingClient(t, proxy)).extensions, 'permessage-deflate')
  }
})

test('drop: logged once, counted every time', async (t) => {
  const pair = await openPair(t, { yaml: yaml('messages: { perConnection: 2/h, onExceed: drop, closeAfterDrops: 3 }') })
  pair.client.send(masked(1, 'x').repeat(5))
  await pair.upstream.count(2)
  const line = await pair.proxy.line(({ event }) => event === 'violated')
  assert.deepEqual(
    [line.reason, line.check, line.action, line.outcome, line.msg, line.detail],
    [
      'message_rate',
      'messages',
      'drop',
      'rejected',
      'message dropped: message_rate',
      'perConnection allows 2 in 3600 s',
    ],
  )
  assert.deepEqual(await violations(pair.proxy), ['{route="chat",reason="message_rate",action="drop"} 3'])
  pair.client.send(masked(1, 'x'))
  assert.equal((await pair.client.close()).code, 1008)
  pair.client.raw.socket.destroy()
  pair.upstream.raw.socket.destroy()
  const closed = await pair.proxy.line(({ event }) => event === 'closed')
  assert.deepEqual([closed.reason, closed.violations, closed.messages_in], ['message_rate', { message_rate: 4 }, 2])
  assert.equal(pair.proxy.logs.filter(({ event }) => event === 'violated').length, 1)
})

test('delay: everything arrives, in order, no faster than the rate', async (t) => {
  const pair = await openPair(t, { yaml: yaml('messages: { perConnection: 5/200ms, onExceed: delay }') })
  const before = performance.now()
  const all = Array.from({ length: 16 }, (_, index) => masked(1, String(index).padStart(2, '0')))
  pair.client.send(all.join(''))
  await pair.upstream.count(16)
  assert.ok(performance.now() - before >= 590, 'three windows of 200 ms')
  assert.equal(pair.upstream.rest(), all.join(''))
  assert.equal((await pair.proxy.line(({ event }) => event === 'violated')).action, 'delay')
})

test('delay: bytes count too, and a frame that never fits closes', async (t) => {
  const pair = await openPair(t, { yaml: yaml('bytes: { perConnection: 100B/200ms, onExceed: delay }') })
  const frames = masked(2, 'x'.repeat(60)).repeat(3)
  pair.client.send(frames)
  assert.equal(await pair.upstream.bytes(frames.length), frames)
  pair.client.send(masked(2, 'x'.repeat(101)))
  assert.equal((await pair.client.close()).code, 1008)
  assert.equal(
    await pair.proxy.line(({ event, action }) => event === 'violated' && action === 'close').catch(() => undefined),
    undefined,
  )
})

test('delay: a session outlives its client by maxDelay at most, whatever it left behind', async (t) => {
  const all = await proxied(t, {
    yaml: yaml('messages: { perConnection: 1/300ms, onExceed: delay, maxDelay: 400ms }, connections: { total: 1 }'),
  })
  const { client, upstream } = await openOn(t, all, 0)
  client.send(Array.from({ length: 40 }, (_, index) => masked(1, `m${index}`)).join(''))
  await upstream.count(1)
  const left = performance.now()
  client.raw.socket.resetAndDestroy()
  const closed = await all.proxy.line(({ event, violations }) => event === 'violated' || violations !== undefined)
  assert.equal(closed.reason, 'message_rate')
  assert.equal((await upstream.close()).code, 1008)
  assert.ok(performance.now() - left < 700, 'the delay and a step of the clock')
})

test('drop: a dropped message without an end is judged by its fragments and bytes (trap 43)', async (t) => {
  const cases = [
    ['messages: { perConnection: 1/h, onExceed: drop }, fragments: 4', 1009],
    ['messages: { perConnection: 1/h, onExceed: drop }, messageSize: 6B', 1009],
    ['messages: { perConnection: 1/h, onExceed: drop }, bytes: { perConnection: 6B/h }', 1008],
  ] as const
  for (const [limits, code] of cases) {
    const pair = await openPair(t, { yaml: yaml(limits) })
    pair.client.send(masked(1, 'ok') + masked(1, '1', { fin: false }))
    pair.client.send(masked(0, '22', { fin: false }).repeat(5))
    assert.equal((await pair.client.close()).code, code, limits)
    assert.deepEqual((await pair.upstream.close()).code, code)
    assert.equal(pair.upstream.frames()[0]?.payload.toString(), 'ok')
    assert.equal(pair.upstream.frames().length, 2)
  }
})

test('a drain during a delay ends both sides, and the process', async (t) => {
  const all = await proxied(t, {
    yaml: yaml('messages: { perConnection: 1/h, onExceed: delay, maxDelay: 2h }', 'drain: { jitter: 0s, timeout: 3s }'),
  })
  const { client, upstream } = await openOn(t, all, 0)
  client.send(masked(1, 'a') + masked(1, 'b'))
  await upstream.count(1)
  const stopped = all.proxy.running.stop()
  assert.equal((await client.close()).code, 1012)
  assert.equal((await upstream.close()).code, 1012)
  for (const end of [client, upstream]) {
    end.send(masked(8, closing(1012)))
    end.raw.socket.end()
  }
  assert.deepEqual(await within(stopped, () => 'the end of the drain'), { forced: 0 })
  const { deadlines, sessions, counts } = all.proxy.running.held()
  assert.deepEqual([deadlines, sessions, counts], [0, 0, 0])
})

test('a notice is read before the close code', async (t) => {
  const { proxy } = await deflating(t, 'messages: { perConnection: 1/h, notice: { type: error, code: slow_down } }')
  const { socket: client } = await deflatingClient(t, proxy)
  const said: string[] = []
  client.on('message', (data) => said.push(String(data)))
  client.send('a')
  client.send('b')
  const [code, reason] = await once(client, 'close')
  assert.deepEqual([said, code, String(reason)], [['{"type":"error","code":"slow_down"}'], 1008, 'Rate limit exceeded'])
})

test('handshakes: too many of an address are told so, in words, with a code or a status, never with numbers', async (t) => {
  for (const [how, status] of [
    ['close', 101],
    ['http', 429],
  ] as const) {
    const all = await proxied(t, { yaml: yaml('handshakes: { perIp: 2/h }', `rejectWith: ${how}`) })
    const seen = new Set<string | undefined>()
    for (let count = 0; count < 2; count++) await openOn(t, all, count)
    for (let count = 0; count < 12; count++) {
      const client = await ask(t, all.proxy.port)
      const { status: told, header } = await client.head()
      assert.equal(told, status)
      if (how === 'close') assert.deepEqual(await client.close(), { code: 1008, reason: 'Too many connections' })
      const retryAfter = header('Retry-After')
      assert.equal(retryAfter !== undefined && Number(retryAfter) >= 1 && Number(retryAfter) <= 10, how === 'http')
      seen.add(retryAfter)
      client.raw.socket.destroy()
    }
    assert.ok(how === 'close' || seen.size > 1, 'jittered')
    assert.equal(all.server.connections.length, 2)
    const line = await all.proxy.line(({ outcome }) => outcome === 'rejected')
    assert.deepEqual([line.check, line.reason], ['handshakes', 'connection_rate'])
  }
})

test('handshakes: the rate of the process holds before the route is known, whatever refuses them later', async (t) => {
  const all = await proxied(t, {
    yaml: 'upstream: UPSTREAM\nlimits: { handshakes: { perIp: 3/h } }\nroutes: [{ name: chat, path: /ws }]',
  })
  const reasons: unknown[] = []
  for (const path of ['/nowhere', '/nowhere', '/nowhere', '/nowhere', '/ws']) {
    const client = await ask(t, all.proxy.port, { path })
    reasons.push((await client.close()).code)
    client.raw.socket.destroy()
  }
  assert.deepEqual(reasons, [4404, 4404, 4404, 1008, 1008])
})

test('a candidate is judged beside the live limit, counted under its own name, and changes nothing', async (t) => {
  const pair = await openPair(t, {
    yaml: yaml(
      'messages: { perConnection: 4/h, onExceed: drop }, candidate: { messages: { perConnection: 2/h }, frameSize: 1 }',
    ),
  })
  pair.client.send(masked(1, 'x').repeat(3) + masked(1, 'xx').repeat(3))
  await pair.upstream.count(4)
  const line = await pair.proxy.line(({ event }) => event === 'violated')
  assert.deepEqual(
    [line.check, line.action, line.outcome, line.level],
    ['candidate.messages', 'candidate', 'would_reject', 'warn'],
  )
  await pair.proxy.line(({ check }) => check === 'messages')
  assert.deepEqual((await violations(pair.proxy)).toSorted(), [
    '{route="chat",reason="message_rate",action="candidate"} 4',
    '{route="chat",reason="message_rate",action="drop"} 2',
    '{route="chat",reason="message_too_big",action="candidate"} 3',
  ])
  pair.client.raw.socket.destroy()
  pair.upstream.raw.socket.destroy()
  const closed = await pair.proxy.line(({ event }) => event === 'closed')
  assert.deepEqual(closed.violations, {
    'candidate.message_rate': 4,
    'candidate.message_too_big': 3,
    message_rate: 2,
  })
})

test('a candidate of handshakes and connections is logged with an admitted handshake', async (t) => {
  const all = await proxied(t, { yaml: yaml('candidate: { handshakes: { perIp: 1/h }, connections: { perIp: 1 } }') })
  for (let count = 0; count < 2; count++) await openOn(t, all, count)
  const lines = all.proxy.logs.filter(({ event }) => event === 'decided')
  assert.deepEqual(
    lines.map(({ outcome, level, reason }) => [outcome, level, reason]),
    [
      ['admitted', 'info', undefined],
      ['admitted', 'info', undefined],
    ],
  )
  const found = lines[1]?.findings as { check: string; reason: string; outcome: string }[]
  assert.deepEqual(
    found.map(({ check, reason, outcome }) => [check, reason, outcome]),
    [
      ['candidate.handshakes', 'connection_rate', 'would_reject'],
      ['candidate.connections', 'too_many_connections', 'would_reject'],
    ],
  )
  const metrics = await (await fetch(`http://${all.proxy.ops}/metrics`)).text()
  assert.match(metrics, /ws_connections_total\{route="chat",type="direct",result="success"\} 2/)
  assert.match(metrics, /ws_decisions_total\{route="chat",check="candidate.handshakes".*outcome="would_reject"\} 1/)
})

test('limits by user outlive the connection', async (t) => {
  const all = await proxied(t, { yaml: yaml('messages: { perIp: 3/h }') })
  const first = await openOn(t, all, 0)
  first.client.send(masked(1, 'x').repeat(3))
  await first.upstream.count(3)
  first.client.raw.socket.destroy()
  const second = await openOn(t, all, 1)
  second.client.send(masked(1, 'x'))
  assert.equal((await second.client.close()).code, 1008)
})

test('variables: two make one setting', async (t) => {
  const all = await proxied(t, {
    env: { WS_MAX_MESSAGES_PER_SECOND: '1', WS_MAX_MESSAGES_PER_MINUTE: '100', WS_RATE_LIMIT_PER_IP: '1' },
  })
  const { client } = await openOn(t, all, 0)
  client.send(masked(1, 'x').repeat(2))
  assert.equal((await client.close()).code, 1008)
  const refused = await ask(t, all.proxy.port)
  assert.equal((await refused.close()).code, 1008)
  assert.match(
    String((await all.proxy.line(({ event, msg }) => event === 'warning' && /trustedProxies/.test(String(msg)))).msg),
    /handshakes/,
  )
})
