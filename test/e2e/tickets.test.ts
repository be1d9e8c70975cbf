/** Tickets: a token in a header buys one opening of a connection, whose URL holds no token. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { mintToken } from '../../src/tokens/mint.ts'
import { client } from '../support/backend.ts'
import { startTestProxy } from '../support/proxy.ts'
import { portOf } from '../support/raw.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'
const ORIGIN = 'https://app.example'

const mint = (claims: Record<string, unknown> = { sub: 'ann' }, ttlSeconds = 60) =>
  mintToken({ secret: SECRET, claims, ttlSeconds, now: Date.now() })

interface Ticket {
  readonly ticket: string
  readonly expires_in: number
}

/** A proxy whose route gives tickets, with more of the route. */
async function ticketing(t: TestContext, more = '', token = '') {
  const seen: { url: string; headers: IncomingHttpHeaders }[] = []
  const backend = createServer((request, response) => {
    seen.push({ url: `${request.method} ${request.url}`, headers: request.headers })
    response.end('backend')
  })
  const sockets = new WebSocketServer({ server: backend })
  sockets.on('connection', (socket, request) => {
    seen.push({ url: request.url ?? '', headers: request.headers })
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  backend.listen(0, '127.0.0.1')
  await once(backend, 'listening')
  t.after(() => {
    for (const one of sockets.clients) one.terminate()
    backend.closeAllConnections()
    backend.close()
  })
  const yaml = `upstream: http://127.0.0.1:${portOf(backend)}
routes:
  - path: /ws
    token: { secret: ${SECRET}${token} }
    tickets: { path: /ws/ticket }
    headers: { user: X-Auth-User, claims: X-Auth-Claims }
${more}
`
  const proxy = await startTestProxy({ yaml })
  t.after(() => proxy.stop())
  const place = `127.0.0.1:${proxy.port}`
  const ask = async (token?: string, headers: Record<string, string> = {}, method = 'POST') => {
    const auth = token === undefined ? {} : { Authorization: `Bearer ${token}` }
    const response = await fetch(`http://${place}/ws/ticket`, { method, headers: { ...auth, ...headers } })
    const text = await response.text()
    // Every answer with a body is JSON.
    return { status: response.status, headers: response.headers, body: text && (JSON.parse(text) as Ticket) }
  }
  const ticketFor = async (token: string): Promise<string> => {
    const { body } = await ask(token)
    assert.ok(body !== '')
    return body.ticket
  }
  return { proxy, place, ask, ticketFor, seen }
}

test('a ticket opens one connection, in place of the token', async (t) => {
  const { proxy, place, ask, seen } = await ticketing(t)
  const token = await mint({ sub: 'ann', big: 1 })
  const { status, headers, body } = await ask(token)
  assert.equal(status, 200)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(headers.get('access-control-allow-origin'), null)
  assert.ok(body !== '')
  assert.match(body.ticket, /^[\w-]{43}$/)
  assert.equal(body.expires_in, 30)
  const open = await client(t, `${place}/ws?room=1&ticket=${body.ticket}`)
  assert.equal(await open.echo('in'), 'in')
  assert.equal(seen[0]?.headers['x-auth-user'], 'ann')
  assert.equal(seen[0]?.headers['x-auth-claims'], token.split('.')[1])

  const again = await client(t, `${place}/ws?ticket=${body.ticket}`)
  assert.equal((await again.ended).code, 4401)
  assert.equal(seen.length, 1)
  const made = await proxy.line(({ event }) => event === 'ticket')
  const decided = proxy.logs.filter(({ event }) => event === 'decided')
  assert.deepEqual(
    [made.outcome, made.user, decided[0]?.token_source, decided[0]?.token_hash === made.token_hash, decided[1]?.detail],
    ['issued', 'ann', 'query:ticket', true, 'the ticket is unknown, used or expired'],
  )
  for (const line of proxy.written) assert.ok(!line.includes(body.ticket) && !line.includes(token))
  const metrics = await (await fetch(`http://${proxy.ops}/metrics`)).text()
  assert.match(metrics, /ws_tickets_total\{route="\/ws",result="issued"\} 1/)
})

test('as a subprotocol, beside the one that is spoken', async (t) => {
  const { place, ticketFor } = await ticketing(t)
  const socket = new WebSocket(`ws://${place}/ws`, ['chat', `ticket.${await ticketFor(await mint())}`])
  t.after(() => socket.terminate())
  await once(socket, 'open')
  assert.equal(socket.protocol, 'chat')
})

test('strip takes it away from the backend too', async (t) => {
  const { place, ticketFor, seen } = await ticketing(t, '', ', strip: true')
  const open = await client(t, `${place}/ws?room=1&ticket=${await ticketFor(await mint())}`)
  await open.echo('in')
  assert.equal(seen[0]?.url, '/ws?room=1')
})

test('the connection ends with the token that the ticket stands for', async (t) => {
  const { place, ask } = await ticketing(t)
  const { body } = await ask(await mint({ sub: 'ann' }, 2))
  assert.ok(body !== '' && body.expires_in <= 2)
  const open = await client(t, `${place}/ws?ticket=${body.ticket}`)
  assert.equal(await open.echo('in'), 'in')
  assert.equal((await open.ended).code, 4401)
})

test('it is revoked with its token', async (t) => {
  const { proxy, place, ticketFor } = await ticketing(t)
  const token = await mint({ sub: 'ann', jti: 'a' })
  const [first, second] = [await ticketFor(token), await ticketFor(token)]
  const open = await client(t, `${place}/ws?ticket=${first}`)
  await open.echo('in')
  await fetch(`http://${proxy.admin}/api/revocations`, { method: 'POST', body: '{"jti":"a"}' })
  assert.equal((await open.ended).code, 4401)
  const late = await client(t, `${place}/ws?ticket=${second}`)
  assert.equal((await late.ended).code, 4401)
  const decided = await proxy.line(({ event, reason }) => event === 'decided' && reason !== undefined)
  assert.equal(decided.reason, 'token_revoked')
})

test('a ticket is good on its own route only', async (t) => {
  const more = `  - path: /other
    token: { secret: ${SECRET} }
    tickets: { path: /other/ticket }`
  const { place, ticketFor } = await ticketing(t, more)
  const ticket = await ticketFor(await mint())
  assert.equal((await (await client(t, `${place}/other?ticket=${ticket}`)).ended).code, 4401)
  // Where it is not good it is not used up.
  assert.equal(await (await client(t, `${place}/ws?ticket=${ticket}`)).echo('in'), 'in')
})

const REFUSALS: [name: string, token: () => Promise<string | undefined>, error: string][] = [
  ['no token', async () => undefined, 'token_missing'],
  ['an expired one', () => mint({}, -10), 'token_expired'],
  ['a bad one', async () => `${await mint()}x`, 'token_invalid'],
]

for (const [name, token, error] of REFUSALS) {
  test(`no ticket for ${name}`, async (t) => {
    const { proxy, ask } = await ticketing(t)
    const { status, headers, body } = await ask(await token())
    assert.equal(status, 401)
    assert.equal(headers.get('www-authenticate'), 'Bearer')
    assert.deepEqual(body, { error, message: 'Invalid or expired authentication token' })
    const line = await proxy.line(({ event }) => event === 'ticket')
    assert.deepEqual([line.outcome, line.reason, line.code], ['rejected', error, 401])
  })
}

test('a ticket is no token to get another with, and neither is a token in the URL', async (t) => {
  const { place, ticketFor } = await ticketing(t)
  const token = await mint()
  for (const query of [`ticket=${await ticketFor(token)}`, `token=${token}`]) {
    const response = await fetch(`http://${place}/ws/ticket?${query}`, { method: 'POST' })
    assert.equal(response.status, 401, query)
  }
})

test('two tickets are one too many', async (t) => {
  const { place, ticketFor } = await ticketing(t)
  const ticket = await ticketFor(await mint())
  const twice = await client(t, `${place}/ws?ticket=${ticket}&Ticket=x`)
  assert.equal((await twice.ended).code, 1008)
  assert.equal(await (await client(t, `${place}/ws?ticket=${ticket}`)).echo('in'), 'in')
})

test('other methods, and other paths', async (t) => {
  const { place, ask, seen } = await ticketing(t)
  const { status, headers } = await ask(await mint(), {}, 'GET')
  assert.deepEqual([status, headers.get('allow')], [405, 'POST, OPTIONS'])
  const response = await fetch(`http://${place}/ws/ticket/`, { method: 'POST' })
  assert.equal(await response.text(), 'backend')
  assert.deepEqual(
    seen.map(({ url }) => url),
    ['POST /ws/ticket/'],
  )
})

test('the origin check holds, and lets its pages read the answer', async (t) => {
  const { ask } = await ticketing(t, `    origin: { allow: ["${ORIGIN}"] }`)
  const token = await mint()
  const good = await ask(token, { Origin: ORIGIN })
  assert.deepEqual([good.status, good.headers.get('access-control-allow-origin')], [200, ORIGIN])
  const bad = await ask(token, { Origin: 'https://evil.example' })
  assert.deepEqual([bad.status, bad.headers.get('access-control-allow-origin')], [403, null])
  assert.deepEqual(bad.body, { error: 'origin_not_allowed', message: 'Origin not allowed' })
  const invalid = await ask('x.y.z', { Origin: ORIGIN })
  assert.deepEqual([invalid.status, invalid.headers.get('access-control-allow-origin')], [401, ORIGIN])
  assert.equal((await ask(token)).status, 403)
})

const PREFLIGHT = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization' }

test('a preflight is answered for an allowed origin, and for no other', async (t) => {
  const { ask } = await ticketing(t, `    origin: { allow: ["${ORIGIN}"] }`)
  const good = await ask(undefined, { Origin: ORIGIN, ...PREFLIGHT }, 'OPTIONS')
  assert.equal(good.status, 204)
  assert.deepEqual(
    ['origin', 'methods', 'headers'].map((name) => good.headers.get(`access-control-allow-${name}`)),
    [ORIGIN, 'POST', 'authorization'],
  )
  const bad = await ask(undefined, { Origin: 'https://evil.example', ...PREFLIGHT }, 'OPTIONS')
  assert.deepEqual([bad.status, bad.headers.get('access-control-allow-origin')], [403, null])
})

test('without an origin check no preflight is answered', async (t) => {
  const { ask } = await ticketing(t)
  const { status, headers } = await ask(undefined, { Origin: ORIGIN, ...PREFLIGHT }, 'OPTIONS')
  assert.deepEqual([status, headers.get('access-control-allow-origin')], [403, null])
})

test('tickets count as handshakes, and a user has only so many', async (t) => {
  const limited = await ticketing(t, '    limits: { handshakes: { perIp: 2/h } }')
  const token = await mint()
  assert.deepEqual(
    [await limited.ask(token), await limited.ask(token), await limited.ask(token)].map(({ status }) => status),
    [200, 200, 429],
  )
  const free = await ticketing(t)
  for (let count = 0; count < 100; count++) assert.equal((await free.ask(token)).status, 200)
  const { status, headers, body } = await free.ask(token)
  assert.equal(status, 429)
  assert.ok(Number(headers.get('retry-after')) > 0)
  assert.deepEqual(body, { error: 'connection_rate', message: 'Too many connections' })
  assert.equal((await free.ask(await mint({ sub: 'bob' }))).status, 200)
})

test('a dry run uses no ticket up, and makes none for a bad token', async (t) => {
  const { place, ask, ticketFor } = await ticketing(t, '', ', mode: dry-run')
  const ticket = await ticketFor(await mint())
  for (const text of ['one', 'two']) {
    assert.equal(await (await client(t, `${place}/ws?ticket=${ticket}`)).echo(text), text)
  }
  assert.equal((await ask('x.y.z')).status, 401)
})
