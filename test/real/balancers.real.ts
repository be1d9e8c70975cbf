/**
 * nginx and haproxy in front of the proxy, in every way they tell it who the client is: two clients have separate limits,
 * and what a client says of itself changes nothing.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { after, before, type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import type { Child } from '../support/children.ts'
import { closedPort } from '../support/pass.ts'
import { startTestProxy, type TestProxy } from '../support/proxy.ts'
import { portOf } from '../support/raw.ts'
import { FIRST } from '../support/tls/certificates.ts'
import { eventually, within } from '../support/upgrades.ts'
import { startHaproxy } from './balancers/haproxy.ts'
import { FORWARDED_FOR, startNginx, upgrading } from './balancers/nginx.ts'

/** Both are no trusted proxies; the balancers connect from 127.0.0.1, which is one. */
const FIRST_CLIENT = '127.0.0.2'
const SECOND_CLIENT = '127.0.0.3'
/** Open at once per address. */
const MOST = 2

const CLAIMS: Readonly<Record<string, string>> = {
  'X-Forwarded-For': '198.51.100.1, 127.0.0.1',
  'X-Real-IP': '198.51.100.1',
  Forwarded: 'for=198.51.100.1;x="',
  'CF-Connecting-IP': '198.51.100.1',
}

/** What each proxy is told of its clients by. */
const PROXIES = {
  forwardedFor: '',
  realIp: 'forwardedHeader: x-real-ip',
  forwarded: 'forwardedHeader: forwarded',
  custom: 'forwardedHeader: cf-connecting-ip',
  proxyProtocol: 'proxyProtocol: true',
  proxyProtocolTls: 'proxyProtocol: true\ntls: { cert: tls.crt, key: tls.key }',
} as const

type Proxies = keyof typeof PROXIES

interface Way {
  readonly name: string
  readonly proxy: Proxies
  readonly scheme: 'ws' | 'wss'
  port: number
}

const way = (name: string, proxy: Proxies, scheme: Way['scheme'] = 'ws'): Way => ({ name, proxy, scheme, port: 0 })

const NGINX = {
  forwardedFor: way('nginx, X-Forwarded-For', 'forwardedFor'),
  realIp: way('nginx, X-Real-IP', 'realIp'),
  forwarded: way('nginx, Forwarded', 'forwarded'),
  custom: way('nginx, a header of its own', 'custom'),
  stream: way('nginx, PROXY protocol', 'proxyProtocol'),
  streamTls: way('nginx, PROXY protocol in front of TLS', 'proxyProtocolTls', 'wss'),
}
const HAPROXY = {
  forwardedFor: way('haproxy, X-Forwarded-For', 'forwardedFor'),
  v1: way('haproxy, send-proxy', 'proxyProtocol'),
  v2: way('haproxy, send-proxy-v2', 'proxyProtocol'),
  http: way('haproxy, send-proxy-v2 in http mode', 'proxyProtocol'),
  extensions: way('haproxy, send-proxy-v2 with extensions', 'proxyProtocol'),
  v1Tls: way('haproxy, send-proxy, TLS passed through', 'proxyProtocolTls', 'wss'),
  v2Tls: way('haproxy, send-proxy-v2, TLS passed through', 'proxyProtocolTls', 'wss'),
}
const WAYS = [...Object.values(NGINX), ...Object.values(HAPROXY)]

let http: Server
let backend: WebSocketServer
const proxies = new Map<Proxies, TestProxy>()
const balancers: Pick<Child, 'stop'>[] = []

before(async () => {
  http = createServer()
  backend = new WebSocketServer({ server: http })
  backend.on('connection', (socket, { headers }) => {
    socket.send(JSON.stringify([headers['x-real-ip'], headers['x-forwarded-for'], headers.forwarded ?? null]))
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  for (const [name, settings] of Object.entries(PROXIES)) {
    const lines = [
      `upstream: http://127.0.0.1:${portOf(http)}`,
      'trustedProxies: ["127.0.0.1"]',
      `routes: [{ path: /*, limits: { connections: { perIp: ${MOST} } } }]`,
      settings,
    ]
    const files = { '/test/tls.crt': FIRST.cert, '/test/tls.key': FIRST.key }
    // The names are those of the table.
    proxies.set(name as Proxies, await startTestProxy({ yaml: lines.join('\n'), files }))
  }
  for (const one of WAYS) one.port = await closedPort()
  balancers.push(await startNginx(nginxBlocks()), await startHaproxy(haproxyPorts()))
})

after(async () => {
  await Promise.all(balancers.map((balancer) => balancer.stop()))
  await Promise.all([...proxies.values()].map((proxy) => proxy.stop()))
  for (const socket of backend?.clients ?? []) socket.terminate()
  http?.close()
})

const proxyPort = ({ proxy }: Way) => proxies.get(proxy)?.port ?? 0

function nginxBlocks() {
  const says = (one: Way, line: string) => upgrading(one.port, proxyPort(one), line)
  const passes = (one: Way) =>
    `server { listen 127.0.0.1:${one.port}; proxy_pass 127.0.0.1:${proxyPort(one)}; proxy_protocol on; }`
  return {
    http: [
      says(NGINX.forwardedFor, FORWARDED_FOR),
      says(NGINX.realIp, 'proxy_set_header X-Real-IP $remote_addr;'),
      says(NGINX.forwarded, 'proxy_set_header Forwarded "$http_forwarded, for=$remote_addr;proto=$scheme";'),
      says(NGINX.custom, 'proxy_set_header CF-Connecting-IP $remote_addr;'),
    ],
    stream: [passes(NGINX.stream), passes(NGINX.streamTls)],
  }
}

function haproxyPorts() {
  const to = (one: Way) => ({ port: one.port, to: proxyPort(one) })
  return [
    { ...to(HAPROXY.forwardedFor), mode: 'http', more: ['option forwardfor'] },
    { ...to(HAPROXY.v1), mode: 'tcp', server: 'send-proxy' },
    { ...to(HAPROXY.v2), mode: 'tcp', server: 'send-proxy-v2' },
    { ...to(HAPROXY.http), mode: 'http', server: 'send-proxy-v2' },
    { ...to(HAPROXY.extensions), mode: 'tcp', server: 'send-proxy-v2 proxy-v2-options crc32c,unique-id,authority' },
    { ...to(HAPROXY.v1Tls), mode: 'tcp', server: 'send-proxy' },
    { ...to(HAPROXY.v2Tls), mode: 'tcp', server: 'send-proxy-v2' },
  ] as const
}

/** Connects from an address; what the backend was told of it, or the close code it was refused with. */
async function visit(t: TestContext, { scheme, port }: Way, localAddress: string, headers = {}) {
  const options = { headers, localAddress, ca: FIRST.cert, checkServerIdentity: () => undefined }
  const socket = new WebSocket(`${scheme}://127.0.0.1:${port}/`, options)
  t.after(() => socket.terminate())
  const told = once(socket, 'message').then(([message]) => JSON.parse(String(message)) as (string | null)[])
  const closed = once(socket, 'close').then(([code]) => code as number)
  const answer = await within(Promise.race([told, closed]), () => 'an answer')
  const leave = () => {
    socket.close()
    return closed
  }
  return { answer, leave }
}

for (const one of WAYS) {
  test(one.name, { timeout: 20_000 }, async (t) => {
    // What the test before it held is given back when the balancer says so.
    await eventually(() => proxies.get(one.proxy)?.running.held().sessions === 0, 'a free place')
    const first = await visit(t, one, FIRST_CLIENT)
    assert.equal(Array.isArray(first.answer) && first.answer[0], FIRST_CLIENT)
    await visit(t, one, FIRST_CLIENT)
    assert.equal((await visit(t, one, FIRST_CLIENT)).answer, 1008)

    // A spoofed header is no way round one's own limit, and no way into that of another.
    for (const claim of [CLAIMS, { ...CLAIMS, 'X-Forwarded-For': SECOND_CLIENT, Forwarded: `for=${SECOND_CLIENT}` }]) {
      assert.equal((await visit(t, one, FIRST_CLIENT, claim)).answer, 1008)
    }
    const second = await visit(t, one, SECOND_CLIENT, CLAIMS)
    assert.equal(Array.isArray(second.answer) && second.answer[0], SECOND_CLIENT)
    assert.doesNotMatch(String(second.answer), /198\.51\.100/)
    await visit(t, one, SECOND_CLIENT)
    assert.equal((await visit(t, one, SECOND_CLIENT)).answer, 1008)

    // What ends gives its place back.
    await first.leave()
    const again = await visit(t, one, FIRST_CLIENT)
    assert.notEqual(again.answer, 1008)

    const ips = proxies.get(one.proxy)?.logs.flatMap(({ ip, event }) => (event === 'decided' ? [ip] : []))
    assert.deepEqual([...new Set(ips)].toSorted(), [FIRST_CLIENT, SECOND_CLIENT])
  })
}

test('a balancer that says nothing where a header is required reaches nobody', { timeout: 20_000 }, async (t) => {
  const proxy = proxies.get('proxyProtocol')
  const socket = new WebSocket(`ws://127.0.0.1:${proxy?.port}/`)
  t.after(() => socket.terminate())
  const [error] = await once(socket, 'error')
  assert.equal(error.code, 'ECONNRESET')
  await proxy?.line(({ event, ip }) => event === 'malformed' && ip === '127.0.0.1')
})

test('a client that brings a header of its own past the balancer is refused', { timeout: 20_000 }, async (t) => {
  const proxy = proxies.get('proxyProtocol')
  const direct = new WebSocket(`ws://127.0.0.1:${proxy?.port}/`, { localAddress: FIRST_CLIENT, headers: CLAIMS })
  t.after(() => direct.terminate())
  const [message] = await once(direct, 'message')
  assert.deepEqual(JSON.parse(String(message)), [FIRST_CLIENT, FIRST_CLIENT, null])
})
