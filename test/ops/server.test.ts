import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { createOps, type OpsOptions, type Readiness } from '../../src/ops/server.ts'
import { rawClient } from '../support/raw.ts'
import { eventually } from '../support/upgrades.ts'

const options: OpsOptions = {
  readiness: async () => ({ ready: true, problems: [] }),
  metrics: { text: async () => 'ws_draining 0\n', contentType: 'text/plain; version=0.0.4; charset=utf-8' },
  clock: () => 0,
}

async function serving(more: Partial<OpsOptions>, use: (port: number, server: Server) => Promise<void>): Promise<void> {
  const server: Server = createOps({ ...options, ...more })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    // A server that listens on TCP has an address with a port.
    await use((server.address() as AddressInfo).port, server)
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

test('ops: a client that pipelines costs one answer at a time', (t) => {
  let underWay = 0
  const counts: number[] = []
  const readiness = async () => {
    counts.push(++underWay)
    return { ready: false, problems: ['x'.repeat(1 << 20)] }
  }
  return serving({ readiness }, async (port, server) => {
    // Before the server hears of it: at the end of one the next begins.
    server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
      response.once('close', () => underWay--)
    })
    const client = await rawClient(t, port)
    client.socket.pause()
    const request = 'GET /readyz HTTP/1.1\r\nHost: x\r\n'
    client.send(`${`${request}\r\n`.repeat(30)}${request}Connection: close\r\n\r\n`)
    await eventually(() => counts.length > 0, 'the first answer')
    client.socket.resume()
    assert.equal((await client.ended).match(/HTTP\/1\.1 503 /g)?.length, 31)
    assert.deepEqual([Math.max(...counts), counts.length], [1, 31])
  })
})

test('ops: metrics are made once for all who ask at about the same time', () => {
  const state = { made: 0, clock: 0 }
  const text = async () => `made ${++state.made}\n`
  return serving({ metrics: { ...options.metrics, text }, clock: () => state.clock }, async (port) => {
    const answers = await Promise.all([1, 2, 3].map(() => ask(port, 'GET /metrics')))
    for (const answer of answers) assert.match(answer, /\r\nmade 1\n$/)
    state.clock = 1000
    assert.match(await ask(port, 'GET /metrics'), /\r\nmade 2\n$/)
  })
})

test('ops: thousands of pipelined requests end their connection', (t) =>
  serving({}, async (port) => {
    const client = await rawClient(t, port)
    client.send('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1900))
    await client.ended
    assert.match(await ask(port, 'GET /healthz'), /^HTTP\/1\.1 200 /)
  }))

test('ops: a client that does not take its answer is ended, one that waits for it is not', (t) => {
  const text = async () => 'x'.repeat(64 << 20)
  let ready = () => {}
  const readiness = () =>
    new Promise<Readiness>((resolve) => {
      ready = () => resolve({ ready: true, problems: [] })
    })
  return serving({ readiness, metrics: { ...options.metrics, text } }, async (port, server) => {
    server.timeout = 100
    const ends: string[] = []
    server.on('request', ({ url, socket }) => socket.once('close', () => ends.push(url ?? '')))
    const [deaf, patient] = [await rawClient(t, port), await rawClient(t, port)]
    deaf.socket.pause()
    deaf.send('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
    patient.send('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually(() => ends.length > 0, 'the end of a connection')
    assert.deepEqual(ends, ['/metrics'])
    ready()
    await patient.until(/200 OK[\s\S]*ready\n$/)
  })
})
