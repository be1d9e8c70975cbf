/** An upgrade on its way: who is asked, what the backend sees, who leaves when (traps 1, 2, 41). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { TestProxyOptions } from '../support/proxy.ts'
import { portOf } from '../support/raw.ts'
import { accept, ask, type End, eventually, type Proxied, proxied } from '../support/upgrades.ts'
import { masked, maskedHead } from '../support/wire-frames.ts'

const SECRET = 'a-secret-of-the-test-that-is-long-enough'
const GUARDED = `
upstream: UPSTREAM
trustedProxies: []
routes:
  - name: chat
    path: /ws/:room
    origin: { allow: ["https://app.test"] }
    token: { from: query:token, secret: ${SECRET} }
    authorize: [{ claim: room, equals: "param:room" }]
    limits: { connections: { perUser: 1 } }
    headers: { user: X-Auth-User, claims: X-Auth-Claims }
`
const ORIGIN = 'Origin: https://app.test'
const NOTHING = JSON.stringify({ sessions: 0, counts: 0, deadlines: 0, lingering: 0, buffered: 0 })
const isFree = ({ proxy }: Proxied) => JSON.stringify(proxy.running.held()) === NOTHING

const token = (claims: Record<string, unknown> = {}, expires = '1h') =>
  new SignJWT({ sub: 'u', room: 'a', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(expires)
    .sign(Buffer.from(SECRET))

test('for a refused client no backend connection is opened, and nothing it sends goes anywhere', async (t) => {
  const all = await proxied(t, { yaml: GUARDED })
  const good = await token()
  const cases: [name: string, path: string, headers: string[], code: number][] = [
    ['no such route', `/other?token=${good}`, [ORIGIN], 4404],
    ['a foreign origin', `/ws/a?token=${good}`, ['Origin: https://evil.test'], 1008],
    ['no origin', `/ws/a?token=${good}`, [], 1008],
    ['no token', '/ws/a', [ORIGIN], 4401],
    ['an expired token', `/ws/a?token=${await token({}, '-1h')}`, [ORIGIN], 4401],
    ['a token twice', `/ws/a?token=${good}&token=${good}`, [ORIGIN], 1008],
    ['another room', `/ws/b?token=${good}`, [ORIGIN], 1008],
    ['an encoded slash', `/ws/a%2Fb?token=${good}`, [ORIGIN], 1008],
  ]
  for (const [name, path, headers, code] of cases) {
    const client = await ask(t, all.proxy.port, { path, headers, glued: masked(1, 'early') })
    assert.equal((await client.head()).status, 101, name)
    assert.equal((await client.close()).code, code, name)
    client.send(masked(1, 'late'))
  }
  const first = await ask(t, all.proxy.port, { path: `/ws/a?token=${good}`, headers: [ORIGIN] })
  await accept(await all.backend(0))
  await first.head()
  const second = await ask(t, all.proxy.port, { path: `/ws/a?token=${good}`, headers: [ORIGIN] })
  assert.equal((await second.close()).code, 1008)
  assert.equal(all.server.connections.length, 1)
})

test('the backend sees the client, and an identity that no client can claim', async (t) => {
  const all = await proxied(t, { yaml: GUARDED })
  const forged = [
    'X-Auth-User: root',
    'x_auth_user: root',
    'X-Auth-Claims: e30',
    'X-Forwarded-For: 1.2.3.4',
    'X-Real-IP: 1.2.3.4',
  ]
  await ask(t, all.proxy.port, { path: `/ws/a?token=${await token({ sub: 'jörg/1' })}`, headers: [ORIGIN, ...forged] })
  const upstream = await all.backend(0)
  const { header } = await upstream.head()
  assert.equal(header('X-Auth-User'), 'j%C3%B6rg%2F1')
  const claims = JSON.parse(Buffer.from(header('X-Auth-Claims') ?? '', 'base64url').toString())
  assert.equal(claims.sub, 'jörg/1')
  assert.equal(header('X-Forwarded-For'), '127.0.0.1')
  assert.equal(header('X-Real-IP'), '127.0.0.1')
  assert.ok(!/root|1\.2\.3\.4/.test(upstream.raw.received()))
})

/** A proxy whose check waits for a key set that is held back; `answer` lets it go. */
async function waitingForKeys(
  t: TestContext,
  options = (jwks: string): TestProxyOptions => ({ env: { WS_TOKEN_JWKS: jwks, WS_MAX_TOTAL_CONNECTIONS: '10' } }),
) {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] })
  const server = createServer()
  const answers: (() => void)[] = []
  server.on('request', (_request, response) => {
    answers.push(() => response.end(keys))
    server.emit('asked')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const jwks = `http://127.0.0.1:${portOf(server)}/keys`
  const all = await proxied(t, options(jwks))
  const good = await new SignJWT({ sub: 'u' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setExpirationTime('1h')
    .sign(privateKey)
  const asked = () => (answers.length > 0 ? Promise.resolve() : once(server, 'asked'))
  return { all, path: `/ws?token=${good}`, asked, answer: () => answers.splice(0).forEach(run) }
}

const run = (task: () => void): void => task()

test('the policy that judged says which identity headers are removed, whatever is in force when it is done', async (t) => {
  const files: Record<string, string> = {}
  const file = '/test/reloaded.yaml'
  const { all, path, asked, answer } = await waitingForKeys(t, (jwks) => {
    files[file] = `routes: [{ path: /*, token: { jwks: "${jwks}" }, headers: { user: X-Auth-User } }]`
    return { env: { WS_CONFIG: file }, files }
  })
  await ask(t, all.proxy.port, { path, headers: ['x_auth_user: root'] })
  await asked()
  files[file] = 'routes: [{ path: /* }]'
  assert.deepEqual(await all.proxy.running.reload(), { ok: true })
  answer()
  assert.equal((await (await all.backend(0)).head()).header('x_auth_user'), undefined)
})

test('a client that leaves while a check waits: nothing is dialled, nothing is kept (traps 1, 2)', async (t) => {
  const leaves: [name: string, leave: (end: End) => void][] = [
    ['reset', ({ raw }) => void raw.socket.resetAndDestroy()],
    ['FIN', ({ raw }) => void raw.socket.end()],
    ['gone', ({ raw }) => void raw.socket.destroy()],
    ['data, then FIN', ({ raw }) => void raw.socket.end('x'.repeat(1000))],
  ]
  for (const [name, leave] of leaves) {
    const { all, path, asked, answer } = await waitingForKeys(t)
    const client = await ask(t, all.proxy.port, { path })
    await asked()
    leave(client)
    // Another client's refusal, on the way behind it, shows that the proxy has read what there was to read.
    await (await ask(t, all.proxy.port, { path: '/ws' })).ended()
    answer()
    const line = await all.proxy.line(({ event }) => event === 'closed')
    assert.deepEqual([line.code, line.initiator], [1006, 'client'], name)
    const { sessions, counts } = all.proxy.running.held()
    assert.deepEqual([sessions, counts], [0, 0], name)
    // A connection for the one that left would have come before that of the next.
    await ask(t, all.proxy.port, { path })
    await (await all.backend(0)).head()
    assert.equal(all.server.connections.length, 1, name)
  }
})

test('what comes while a check waits is kept, in order; a flood is not read', async (t) => {
  const { all, path, asked, answer } = await waitingForKeys(t)
  const client = await ask(t, all.proxy.port, { path, glued: masked(1, 'glued') })
  await asked()
  const size = 16 << 20
  client.send(masked(1, 'early') + maskedHead(2, size))
  assert.equal(client.raw.socket.write(Buffer.alloc(size)), false)
  answer()
  const upstream = await all.backend(0)
  await accept(upstream)
  const frames = await upstream.count(2)
  assert.deepEqual(
    frames.slice(0, 2).map(({ payload }) => String(payload)),
    ['glued', 'early'],
  )
})

test('two clients of one connection limit: the slot is free when the first has gone', async (t) => {
  const all = await proxied(t, { yaml: GUARDED })
  const asking = { path: `/ws/a?token=${await token()}`, headers: [ORIGIN] }
  const stages: [name: string, upTo: (client: End, upstream: End) => Promise<void>][] = [
    ['while dialling', async () => {}],
    [
      'after an answer that is no 101',
      async (client, upstream) => {
        upstream.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
        await client.raw.ended
      },
    ],
    [
      'after a bad 101',
      async (client, upstream) => {
        upstream.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
        await client.close()
      },
    ],
    [
      'when open',
      async (client, upstream) => {
        await accept(upstream)
        await client.head()
      },
    ],
    [
      'after a frame',
      async (client, upstream) => {
        await accept(upstream)
        client.send(masked(1, 'x'))
        await upstream.count(1)
      },
    ],
  ]
  for (const [index, [name, upTo]] of stages.entries()) {
    const client = await ask(t, all.proxy.port, asking)
    const upstream = await all.backend(index)
    await upstream.head()
    await upTo(client, upstream)
    client.raw.socket.destroy()
    upstream.raw.socket.destroy()
    await eventually(() => isFree(all), name)
  }
})

test('a URL in the log is bounded, printable, and holds no token', async (t) => {
  const all = await proxied(t, { yaml: GUARDED })
  const secret = await token()
  await ask(t, all.proxy.port, {
    path: `/ws/a"b<c>${'a'.repeat(3000)}?x=1&token=${secret}&Token=${secret}`,
    headers: [ORIGIN],
  })
  const line = await all.proxy.line(({ event }) => event === 'decided' || event === 'malformed')
  assert.ok(!JSON.stringify(line).includes(secret))
  assert.ok(String(line.url ?? '').length < 5000)
})
