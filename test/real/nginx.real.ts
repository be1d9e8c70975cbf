/** nginx in front of the proxy, as most deployments have it, and behind it: whose address is believed. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { after, before, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import type { Child } from '../support/children.ts'
import { closedPort } from '../support/pass.ts'
import { startTestProxy, type TestProxy } from '../support/proxy.ts'
import { portOf } from '../support/raw.ts'
import { FORWARDED_FOR, startNginx, upgrading } from './balancers/nginx.ts'

/** Clients connect from here, nginx from 127.0.0.1: the one is no trusted proxy, the other is. */
const CLIENT = '127.0.0.77'
const CLAIM = { 'X-Forwarded-For': '192.0.2.66', 'X-Real-IP': '192.0.2.66' }
/** nginx passes this one on untouched, so only behind one that is not trusted is it known to be the client's. */
const CLAIMS = { ...CLAIM, Forwarded: 'for=192.0.2.66' }
const NAMES = ['x-forwarded-for', 'x-real-ip', 'forwarded'] as const

let http: Server
let backend: WebSocketServer
let nginx: Pick<Child, 'stop'>
let trusting: TestProxy
let doubting: TestProxy
let behind: TestProxy
/** Ports of nginx, by what is behind each. */
const ports = { trusting: 0, doubting: 0, backend: 0 }

before(async () => {
  http = createServer((request, response) => response.end(JSON.stringify(addressesIn(request.headers))))
  backend = new WebSocketServer({ server: http })
  backend.on('connection', (socket, request) => {
    socket.send(JSON.stringify(addressesIn(request.headers)))
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const upstream = `upstream: http://127.0.0.1:${portOf(http)}`
  trusting = await startTestProxy({ yaml: `${upstream}\ntrustedProxies: ["127.0.0.1"]` })
  doubting = await startTestProxy({ yaml: upstream })
  for (const name of ['trusting', 'doubting', 'backend'] as const) ports[name] = await closedPort()
  behind = await startTestProxy({ yaml: `upstream: http://127.0.0.1:${ports.backend}` })
  nginx = await startNginx({
    http: [
      upgrading(ports.trusting, trusting.port, FORWARDED_FOR),
      upgrading(ports.doubting, doubting.port, FORWARDED_FOR),
      upgrading(ports.backend, portOf(http), FORWARDED_FOR),
    ],
  })
})

after(async () => {
  await Promise.all([trusting, doubting, behind].map((proxy) => proxy?.stop()))
  await nginx?.stop()
  for (const socket of backend?.clients ?? []) socket.terminate()
  http?.close()
})

const addressesIn = (headers: NodeJS.Dict<string | string[]>) => NAMES.map((name) => headers[name] ?? null)

const LIMIT = { timeout: 20_000 }

/** What the backend sees of a client's address, its claims ignored or believed. */
async function seenBy(port: number, headers: Readonly<Record<string, string>> = {}, localAddress = CLIENT) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers, localAddress })
  const [greeting] = await once(socket, 'message')
  socket.terminate()
  return JSON.parse(String(greeting)) as unknown
}

test('a trusted nginx names the client', LIMIT, async () => {
  assert.deepEqual(await seenBy(ports.trusting), [`${CLIENT}, 127.0.0.1`, CLIENT, null])
  await trusting.line(({ event, ip }) => event === 'decided' && ip === CLIENT)
})

test('a claim of the client changes nothing behind a trusted nginx', LIMIT, async () => {
  assert.deepEqual(await seenBy(ports.trusting, CLAIM), [`${CLIENT}, 127.0.0.1`, CLIENT, null])
  assert.ok(trusting.logs.every(({ ip }) => ip === undefined || ip === CLIENT))
})

test('without trustedProxies nginx is the client, and its claims are dropped', LIMIT, async () => {
  assert.deepEqual(await seenBy(ports.doubting, CLAIMS), ['127.0.0.1', '127.0.0.1', null])
})

test('a client that goes round nginx is believed nothing', LIMIT, async () => {
  assert.deepEqual(await seenBy(trusting.port, CLAIMS), [CLIENT, CLIENT, null])
})

test('ordinary HTTP has the same addresses', LIMIT, async () => {
  const response = await fetch(`http://127.0.0.1:${ports.trusting}/`, { headers: CLAIM })
  // From 127.0.0.1, which is trusted, the claim is a hop like any other.
  assert.deepEqual(await response.json(), ['192.0.2.66, 127.0.0.1, 127.0.0.1', '192.0.2.66', null])
})

test('nginx as the backend: echo, and the address that the proxy gives it', LIMIT, async () => {
  assert.deepEqual(await seenBy(behind.port, CLAIMS), [`${CLIENT}, 127.0.0.1`, CLIENT, null])
  const socket = new WebSocket(behind.url('/'))
  await once(socket, 'message')
  socket.send(Buffer.alloc(1024 * 1024, 5))
  const [echoed] = (await once(socket, 'message')) as [Buffer]
  assert.equal(echoed.length, 1024 * 1024)
  socket.close(4000, 'through nginx')
  const [code] = await once(socket, 'close')
  assert.equal(code, 4000)
})
