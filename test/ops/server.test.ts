import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { createOps, type OpsOptions } from '../../src/ops/server.ts'

const options: OpsOptions = {
  readiness: async () => ({ ready: true, problems: [] }),
  metrics: { text: async () => 'ws_draining 0\n', contentType: 'text/plain; version=0.0.4; charset=utf-8' },
}

async function serving(more: Partial<OpsOptions>, use: (port: number) => Promise<void>): Promise<void> {
  const server: Server = createOps({ ...options, ...more })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    // A server that listens on TCP has an address with a port.
    await use((server.address() as AddressInfo).port)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** Sends one request whose target is never touched by a client library, and gives the whole answer. */
async function ask(port: number, requestLine: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${requestLine} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}

const TABLE: [request: string, status: number, body: string | undefined][] = [
  ['GET /healthz', 200, 'ok\n'],
  ['GET /readyz', 200, 'ready\n'],
  ['GET /metrics', 200, 'ws_draining 0\n'],
  ['GET /metrics?x=1', 200, 'ws_draining 0\n'],
  ['HEAD /metrics', 200, ''],
  ['GET /', 404, undefined],
  ['GET /metrics/', 404, undefined],
  ['GET /Healthz', 404, undefined],
  ['POST /healthz', 405, 'use GET or HEAD\n'],
  ['OPTIONS /metrics', 405, 'use GET or HEAD\n'],
  ['DELETE /nothing', 404, undefined],
  ['GET //', 404, undefined],
  ['GET http://[::1', 404, undefined],
  ['GET http://host:99999/', 404, undefined],
  ['GET /%zz', 404, undefined],
  ['GET /__proto__', 404, undefined],
]

for (const [request, status, body] of TABLE) {
  test(`ops: ${request} is ${status}`, () =>
    serving({}, async (port) => {
      const answer = await ask(port, request)
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
      if (body !== undefined) assert.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4), body)
    }))
}

test('ops: readyz is 503 and says why', () =>
  serving({ readiness: async () => ({ ready: false, problems: ['draining', 'no live upstream'] }) }, async (port) => {
    const answer = await ask(port, 'GET /readyz')
    assert.match(answer, /^HTTP\/1\.1 503 [\s\S]*\r\n\r\ndraining\nno live upstream\n$/)
    assert.match(await ask(port, 'GET /healthz'), /^HTTP\/1\.1 200 /)
  }))

test('ops: a probe that fails is 500, and the next is answered', () => {
  const text = () => Promise.reject(new Error('secret cause'))
  return serving({ metrics: { ...options.metrics, text } }, async (port) => {
    const answer = await ask(port, 'GET /metrics')
    assert.match(answer, /^HTTP\/1\.1 500 /)
    assert.doesNotMatch(answer, /secret/)
    assert.match(await ask(port, 'GET /healthz'), /^HTTP\/1\.1 200 /)
  })
})

test('ops: metrics have their content type, 405 its Allow', () =>
  serving({}, async (port) => {
    assert.match(await ask(port, 'GET /metrics'), /\r\nContent-Type: text\/plain; version=0\.0\.4; charset=utf-8\r\n/)
    assert.match(await ask(port, 'PUT /metrics'), /\r\nAllow: GET, HEAD\r\n/)
  }))

test('ops: an oversized head is refused', () =>
  serving({}, async (port) => {
    assert.match(await ask(port, `GET /${'x'.repeat(20_000)}`), /^HTTP\/1\.1 431 /)
  }))
