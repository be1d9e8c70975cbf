/** A FastAPI app beside its WebSocket: ordinary HTTP through the proxy, and the app's own refusal of an upgrade. */
import assert from 'node:assert/strict'
import { on, once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { startTestProxy, type TestProxy } from '../support/proxy.ts'
import type { Backend } from './backends/backend.ts'
import { uvicornBackend } from './backends/python.ts'

const SAY = JSON.stringify({
  type: 'object',
  required: ['type', 'to'],
  properties: { type: { const: 'say' }, to: { type: 'string', minLength: 1 } },
  additionalProperties: false,
})

let backend: Backend
let proxy: TestProxy

before(async () => {
  backend = await uvicornBackend('on')
  proxy = await startTestProxy({
    yaml: `
upstream: http://127.0.0.1:${backend.port}
routes:
  - path: /judged/*
    messages:
      schemas: { say: say.json, wipe: say.json }
      onInvalid: error
      errorMessage: { type: error, message: Invalid message format }
    outbound: { deny: ["sk-[a-z]{4,}"] }
  - path: /*`,
    files: { '/test/say.json': SAY },
  })
})

after(async () => {
  await proxy?.stop()
  await backend?.stop()
})

const LIMIT = { timeout: 20_000 }
const fetchFrom = (port: number, path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init)

test('GET: the query byte for byte, the address of the client added', LIMIT, async () => {
  const headers = { 'X-Forwarded-For': '192.0.2.1', 'X-Real-IP': '192.0.2.1', Accept: 'application/json' }
  const response = await fetchFrom(proxy.port, '/app/headers?a=%20b&&c=+', { headers })
  // The app answers with what it was sent.
  const seen = (await response.json()) as { query: string; headers: [string, string][] }
  assert.equal(seen.query, 'a=%20b&&c=+')
  const received = new Map(seen.headers)
  assert.equal(received.get('x-forwarded-for'), '127.0.0.1')
  assert.equal(received.get('x-real-ip'), '127.0.0.1')
  assert.equal(received.get('host'), `127.0.0.1:${proxy.port}`)
})

/** The app answers with the size of what it got. */
const uploaded = async (response: Response) => ((await response.json()) as { size: number }).size

test('POST: bodies of a known length and streamed ones', LIMIT, async () => {
  const known = await fetchFrom(proxy.port, '/app/upload', { method: 'POST', body: 'x'.repeat(300_000) })
  assert.equal(await uploaded(known), 300_000)
  const body = ReadableStream.from([Buffer.alloc(100_000), Buffer.alloc(50_000)])
  const streamed = await fetchFrom(proxy.port, '/app/upload', { method: 'POST', body, duplex: 'half' })
  assert.equal(await uploaded(streamed), 150_000)
})

test('a streamed answer arrives as it is made, not at its end', LIMIT, async () => {
  const response = await fetchFrom(proxy.port, '/app/stream')
  const chunks: string[] = []
  for await (const chunk of response.body ?? []) chunks.push(Buffer.from(chunk).toString())
  assert.deepEqual(chunks, ['chunk 0\n', 'chunk 1\n', 'chunk 2\n'])
})

test("the app's own 403 of an upgrade passes as it is", LIMIT, async () => {
  const answers = await Promise.all([backend.port, proxy.port].map((port) => refusalAt(port)))
  const [direct, through] = answers.map(({ statusCode, statusMessage, headers, body }) => {
    const { date, ...others } = headers
    assert.ok(date)
    return { statusCode, statusMessage, headers: others, body }
  })
  assert.equal(direct?.statusCode, 403)
  assert.deepEqual(through, direct)
})

async function refusalAt(port: number) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/app/refused`)
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  const { statusCode, statusMessage, headers } = response
  const body = Buffer.concat(await response.toArray()).toString()
  return { statusCode, statusMessage, headers, body }
}

/** [what it is, what the app that checks nothing does with it]: each ends or misleads it without a proxy. */
const BAD: readonly [name: string, text: string | Buffer, did: string | undefined][] = [
  ['no JSON', 'say', undefined],
  ['no object', '[]', undefined],
  ['another type of value', '{"type":"say","to":5}', undefined],
  ['what is missing', '{"type":"say"}', undefined],
  ['a key twice: Python takes the last', '{"type":"say","type":"wipe","to":"all"}', 'wipe'],
  ['the same, escaped', '{"type":"say","\\u0074ype":"wipe","to":"all"}', 'wipe'],
  ['a type that it does not have', '{"type":"shutdown","to":"all"}', 'shutdown'],
  ['a number that is none', '{"type":"say","to":"all","n":NaN}', 'say'],
  ['bytes', Buffer.from('{"type":"say","to":"all"}'), undefined],
]

test('a backend that checks nothing hears only what is valid', LIMIT, async () => {
  const { socket, next } = await open(proxy.port, '/judged/trusting')
  for (const [name, text, did] of BAD) {
    const direct = await open(backend.port, '/judged/trusting')
    direct.socket.send(text)
    assert.equal((await direct.next()).did, did, name)
    direct.socket.close()
    if (typeof text !== 'string') continue
    socket.send(text)
    assert.deepEqual(await next(), { type: 'error', message: 'Invalid message format' }, name)
    socket.send('{"type":"say","to":"ann"}')
    assert.deepEqual(await next(), { did: 'say', to: 'ann' }, name)
  }
  // Of a client who may say this the answer is what it may not.
  socket.send('{"type":"say","to":"sk-abcdef"}')
  socket.send('{"type":"say","to":"bob"}')
  assert.deepEqual(await next(), { did: 'say', to: 'bob' })
  socket.close()
})

/** A connection whose messages are asked for one by one; where it has closed there is an empty one. */
async function open(port: number, path: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  const messages = on(socket, 'message', { close: ['close'] })
  await once(socket, 'open')
  const next = async (): Promise<Record<string, unknown>> => {
    const { value, done } = (await messages.next()) as IteratorResult<[Buffer]>
    return done ? {} : (JSON.parse(String(value[0])) as Record<string, unknown>)
  }
  return { socket, next }
}
