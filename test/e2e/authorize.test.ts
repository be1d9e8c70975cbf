/** External authorization: a service decides on each handshake, and again on what is open. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { WebSocketServer } from 'ws'
import { mintToken } from '../../src/tokens/mint.ts'
import { httpService } from '../authorization/services.ts'
import { client, echoBackend } from '../support/backend.ts'
import { startTestProxy } from '../support/proxy.ts'
import { portOf, rawClient } from '../support/raw.ts'
import { eventually, handshake, within } from '../support/upgrades.ts'

const SECRET = 'a-secret-of-at-least-thirty-two-bytes-0123456789'

type Answer = (response: ServerResponse, headers: IncomingHttpHeaders) => void

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(code, headers).end()

interface Wanted {
  readonly answer: Answer
  /** More of the entry of `authorize`. */
  readonly entry?: string
  /** More of the route. */
  readonly route?: string
}

/** A proxy whose route asks a service; the answer may be changed meanwhile. */
async function authorizing(t: TestContext, { answer, entry = '', route = '' }: Wanted) {
  const asked: IncomingHttpHeaders[] = []
  const service = { answer }
  const url = await httpService(t, (request, response) => {
    asked.push(request.headers)
    service.answer(response, request.headers)
  })
  const upgrades: IncomingHttpHeaders[] = []
  const requests: IncomingHttpHeaders[] = []
  const backend = createServer((request, response) => {
    requests.push(request.headers)
    response.end('hello')
  })
  const sockets = new WebSocketServer({ server: backend })
  sockets.on('connection', (socket, request) => {
    upgrades.push(request.headers)
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
  - path: /ws/:room
    authorize: [{ url: "${url}"${entry} }]
${route}
`
  const proxy = await startTestProxy({ yaml })
  t.after(() => proxy.stop())
  const place = `127.0.0.1:${proxy.port}`
  return { proxy, place, url, asked, upgrades, requests, service }
}

const STATUSES: [answer: number, code: number | 'admitted', reason: string | undefined][] = [
  [200, 'admitted', undefined],
  [204, 'admitted', undefined],
  [401, 4401, 'token_invalid'],
  [403, 1008, 'access_denied'],
  [404, 4404, 'resource_not_found'],
  [302, 1011, 'internal_error'],
  [500, 1011, 'internal_error'],
]

for (const [answer, code, reason] of STATUSES) {
  test(`the service answers ${answer}`, async (t) => {
    const { proxy, place, upgrades } = await authorizing(t, { answer: status(answer) })
    const open = await client(t, `${place}/ws/7`)
    if (code === 'admitted') assert.equal(await open.echo('in'), 'in')
    else assert.equal((await open.ended).code, code)
    assert.equal(upgrades.length, code === 'admitted' ? 1 : 0)
    const decided = await proxy.line(({ event }) => event === 'decided')
    assert.equal(decided.reason, reason)
    if (reason)
      assert.match(String(decided.detail), new RegExp(`^asked http://127.0.0.1:\\d+/authorize: answered ${answer}$`))
  })
}

test('what it is told: the target without the token, who it is, and the headers that are named', async (t) => {
  const route = `    token: { secret: ${SECRET} }`
  const { place, asked } = await authorizing(t, { answer: status(200), entry: ', headers: [Cookie, X-Device]', route })
  const token = await mintToken({
    secret: SECRET,
    claims: { sub: 'ann é' },
    ttlSeconds: 60,
    now: Date.now(),
  })
  const headers = { Cookie: 'a=1', 'X-Device': 'phone', 'X-Secret': 'mine', 'X-Auth-User': 'root' }
  await (await client(t, `${place}/ws/7?a=%20b&token=${token}`, headers)).echo('in')
  const told = asked[0] ?? {}
  assert.equal(told['x-original-method'], 'GET')
  assert.equal(told['x-original-uri'], '/ws/7?a=%20b')
  assert.equal(told['x-original-host'], place)
  assert.equal(told['x-real-ip'], '127.0.0.1')
  assert.equal(told['x-auth-user'], 'ann%20%C3%A9')
  assert.equal(told['x-auth-claims'], token.split('.')[1])
  assert.deepEqual([told.cookie, told['x-device'], told['x-secret']], ['a=1', 'phone', undefined])
  assert.ok(!JSON.stringify(told).includes(token))
})

test('headers of its answer reach the backend, and those of a client never do', async (t) => {
  const answer = status(200, { 'X-Tenant': 'acme', 'X-Other': 'no' })
  const { place, upgrades, requests } = await authorizing(t, { answer, entry: ', responseHeaders: [X-Tenant]' })
  await (await client(t, `${place}/ws/7`, { 'X-Tenant': 'evil', X_Tenant: 'evil' })).echo('in')
  assert.deepEqual(
    [upgrades[0]?.['x-tenant'], upgrades[0]?.x_tenant, upgrades[0]?.['x-other']],
    ['acme', undefined, undefined],
  )
  await fetch(`http://${place}/page`, { headers: { 'X-Tenant': 'evil' } })
  assert.equal(requests[0]?.['x-tenant'], undefined)
})

test('one that does not answer: onError', async (t) => {
  for (const [onError, code] of [
    ['refuse', 1011],
    ['allow', undefined],
  ] as const) {
    const { proxy, place } = await authorizing(t, { answer: () => {}, entry: `, timeout: 100ms, onError: ${onError}` })
    const open = await client(t, `${place}/ws/7`)
    if (code) assert.equal((await open.ended).code, code)
    else assert.equal(await open.echo('in'), 'in')
    const line = await proxy.line(({ event }) => event === 'authorization')
    assert.deepEqual([line.level, line.outcome, line.detail], ['error', 'failed', 'no answer within 100 ms'])
  }
})

test('that it fails is told once, and that it answers again', async (t) => {
  const { proxy, place, service } = await authorizing(t, { answer: status(500) })
  for (let count = 0; count < 3; count++) await (await client(t, `${place}/ws/7`)).ended
  service.answer = status(403)
  await (await client(t, `${place}/ws/7`)).ended
  const outcomes = proxy.logs.flatMap(({ event, outcome }) => (event === 'authorization' ? [outcome] : []))
  assert.deepEqual(outcomes, ['failed', 'answers'])
})

test('an answer is remembered for the same question', async (t) => {
  const { place, asked } = await authorizing(t, { answer: status(200), entry: ', cache: 1m' })
  for (const path of ['/ws/7', '/ws/7', '/ws/8', '/ws/7?a=1']) await (await client(t, `${place}${path}`)).echo('in')
  assert.deepEqual(
    asked.map((told) => told['x-original-uri']),
    ['/ws/7', '/ws/8', '/ws/7?a=1'],
  )
})

test('what is remembered of one user, or of one route, is of no other', async (t) => {
  const url = await httpService(t, (request, response) => {
    const isAnn = request.headers['x-auth-user'] === 'ann' && request.headers['x-original-uri'] === '/one/7'
    response.writeHead(isAnn ? 200 : 403).end()
  })
  const { upstream } = await echoBackend(t)
  const entry = `token: { secret: ${SECRET} }, authorize: [{ url: "${url}", cache: 1h }]`
  const yaml = `upstream: ${upstream}\nroutes: [{ path: /one/:room, ${entry} }, { path: /two/:room, ${entry} }]\n`
  const proxy = await startTestProxy({ yaml })
  t.after(() => proxy.stop())
  const codeOf = async (sub: string, path: string) => {
    const token = await mintToken({ secret: SECRET, claims: { sub }, ttlSeconds: 60, now: Date.now() })
    const open = await client(t, `127.0.0.1:${proxy.port}${path}?token=${token}`)
    return open.echo('in').catch(async () => (await open.ended).code)
  }
  assert.equal(await codeOf('ann', '/one/7'), 'in')
  assert.deepEqual([await codeOf('bob', '/one/7'), await codeOf('ann', '/two/7')], [1008, 1008])
  assert.deepEqual([await codeOf('ann', '/one/7'), await codeOf('bob', '/one/7')], ['in', 1008])
})

test('who leaves while many wait for one answer ends it for none of them', async (t) => {
  const waiting: ServerResponse[] = []
  const { proxy, place, asked } = await authorizing(t, { answer: (response) => void waiting.push(response) })
  const leaving = await rawClient(t, proxy.port)
  leaving.send(`${handshake({ path: '/ws/7' })}\r\n\r\n`)
  const staying = await rawClient(t, proxy.port)
  // Told apart from `leaving` by nothing that the service is told.
  staying.send(`${handshake({ path: '/ws/7' })}\r\n\r\n`)
  await eventually(() => waiting.length > 0, 'the question')
  leaving.socket.destroy()
  await new Promise((resolve) => setTimeout(resolve, 50))
  for (const response of waiting) response.writeHead(200).end()
  await staying.until('101 Switching Protocols')
  assert.equal(asked.length, 1)
  staying.socket.destroy()
  await eventually(() => proxy.running.held().sessions === 0, 'the end of the session')
  const closed = await proxy.line(({ event, detail }) => event === 'closed' && /left before/.test(String(detail)))
  assert.equal(closed.initiator, 'client')
  assert.equal(proxy.running.held().counts, 0)
  assert.ok(place)
})

test('in a dry run it is asked, and what it refuses is reported', async (t) => {
  const { proxy, place, asked, upgrades } = await authorizing(t, {
    answer: status(403),
    entry: ', mode: dry-run, responseHeaders: [X-Tenant]',
  })
  await (await client(t, `${place}/ws/7`, { 'X-Tenant': 'evil' })).echo('in')
  assert.equal(asked.length, 1)
  assert.equal(upgrades[0]?.['x-tenant'], undefined)
  const decided = await proxy.line(({ event }) => event === 'decided')
  assert.deepEqual([decided.outcome, decided.reason], ['would_reject', 'access_denied'])
})

test('it is asked again of what is open: a refusal ends it, a failure does not', async (t) => {
  const { proxy, place, asked, service } = await authorizing(t, { answer: status(200), entry: ', recheck: 1s' })
  const open = await client(t, `${place}/ws/7`)
  assert.equal(await open.echo('in'), 'in')
  service.answer = status(500)
  await eventually(() => asked.length > 1, 'the question asked again', 3000)
  assert.equal(await open.echo('still'), 'still')
  service.answer = status(403)
  assert.equal((await within(open.ended, () => 'the end')).code, 1008)
  const closed = await proxy.line(({ event }) => event === 'closed')
  assert.deepEqual([closed.reason, closed.initiator], ['access_denied', 'proxy'])
  const before = asked.length
  assert.equal(proxy.running.held().deadlines, 0)
  assert.equal(asked.length, before)
})

test('recheck that a reload brings is for those who come after it: of the others the question is gone', async (t) => {
  const asked: string[] = []
  const url = await httpService(t, (request, response) => {
    asked.push(String(request.headers.cookie))
    response.writeHead(request.headers.cookie === undefined ? 403 : 200).end()
  })
  const { upstream } = await echoBackend(t)
  const files: Record<string, string> = {}
  const yaml = (entry: string) => `upstream: ${upstream}\nroutes: [{ path: /ws/:room${entry} }]\n`
  const proxy = await startTestProxy({ yaml: yaml(''), files })
  t.after(() => proxy.stop())
  const place = `127.0.0.1:${proxy.port}/ws/7`
  const before = await client(t, place, { Cookie: 'a=1' })
  assert.equal(await before.echo('in'), 'in')
  files['/test/wsluice.yaml'] = yaml(`, authorize: [{ url: "${url}", headers: [Cookie], recheck: 1s }]`)
  assert.deepEqual(await proxy.running.reload(), { ok: true })
  const after = await client(t, place, { Cookie: 'b=2' })
  assert.equal(await after.echo('in'), 'in')
  await eventually(() => asked.length >= 3, 'the questions asked again', 5000)
  assert.deepEqual(new Set(asked), new Set(['b=2']))
  assert.deepEqual([await before.echo('still'), await after.echo('still')], ['still', 'still'])
})
