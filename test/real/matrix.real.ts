/** Real clients and real backends, every pair of them through the proxy: nothing that passes a tunnel may be lost in us. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Pages, startPages } from '../support/chromium.ts'
import { startTestProxy, type TestProxy } from '../support/proxy.ts'
import type { Backend } from './backends/backend.ts'
import { uvicornBackend, websocketsBackend } from './backends/python.ts'
import { wsBackend } from './backends/ws.ts'
import type { Client } from './clients/client.ts'
import { pythonClient } from './clients/python.ts'
import { nodeClient, pageClient } from './clients/standard.ts'
import { wsClient } from './clients/ws.ts'

const MIB = 1024 * 1024
const BACKENDS = { ws: wsBackend, Python: websocketsBackend, uvicorn: uvicornBackend } as const
const COMPRESSIONS = ['on', 'off'] as const
const PLACES = Object.keys(BACKENDS).flatMap((name) => COMPRESSIONS.map((compression) => `${name}-${compression}`))
const CLIENTS = ['ws', 'Node', 'Python', 'Chromium'] as const

type Kind = 'text' | 'binary'
/** [name, kind, size] */
const ECHOES: readonly [string, Kind, number][] = [
  ['text', 'text', 100],
  ['binary', 'binary', 100],
  ['empty text', 'text', 0],
  ['empty binary', 'binary', 0],
  ['1 MiB of text', 'text', MIB],
  ['1 MiB of bytes', 'binary', MIB],
  ['16 MiB', 'binary', 16 * MIB],
]

const backends = new Map<string, Backend>()
const clients = new Map<string, Client>()
let pages: Pages
let proxy: TestProxy

before(async () => {
  for (const [name, start] of Object.entries(BACKENDS)) {
    for (const compression of COMPRESSIONS) backends.set(`${name}-${compression}`, await start(compression))
  }
  pages = await startPages()
  for (const client of [wsClient(), nodeClient(), pythonClient(), await pageClient(await pages.open('app'))]) {
    clients.set(client.name, client)
  }
  proxy = await startTestProxy({ yaml: configuration() })
})

after(async () => {
  await proxy?.stop()
  await pages?.stop()
  await Promise.all([...clients.values(), ...backends.values()].map((part) => part.stop()))
})

/** A route for each backend, with limits, so that frames are read and judged and not only copied. */
function configuration(): string {
  const routes = PLACES.map(
    (place) => `
  - name: ${place}
    path: /${place}/*
    upstream: http://127.0.0.1:${backends.get(place)?.port}
    limits: { messages: { perConnection: 10000/s }, messageSize: 16MiB, frameSize: 16MiB }`,
  )
  return `routes:${routes.join('')}`
}

/** A part that `before` started. */
function part<Part>(parts: ReadonlyMap<string, Part>, name: string): Part {
  const found = parts.get(name)
  if (!found) throw new Error(`${name} was not started`)
  return found
}

let connections = 0

/** Opens a connection under a name of its own. */
async function open(client: Client, place: string, compress = true) {
  const id = `connection-${++connections}`
  const url = proxy.url(`/${place}/ws?name=${id}`)
  return { id, ...(await client.open({ id, url, protocols: ['chat.v1', 'chat.v2'], compress })) }
}

for (const place of PLACES) {
  for (const name of CLIENTS) {
    describe(`${name} to ${place}`, { timeout: 60_000 }, () => pair(place, name))
  }
}

function pair(place: string, name: string): void {
  const isDeflated = place.endsWith('-on')

  test('negotiates a subprotocol and permessage-deflate end to end', async () => {
    const client = part(clients, name)
    const { id, protocol, extensions } = await open(client, place)
    assert.equal(protocol, 'chat.v2')
    assert.equal(extensions.includes('permessage-deflate'), isDeflated, extensions)
    await client.close({ id, code: 1000, reason: '' })
    if (!client.can.refuseCompression) return
    const plain = await open(client, place, false)
    assert.equal(plain.extensions, '')
    assert.equal(await client.echo({ id: plain.id, kind: 'text', size: 100, parts: 1 }), 'same')
    await client.close({ id: plain.id, code: 1000, reason: '' })
  })

  test('echoes messages of every size, whole and in fragments, pings between', async () => {
    const [client, backend] = [part(clients, name), part(backends, place)]
    const { id } = await open(client, place)
    for (const [what, kind, size] of ECHOES) {
      assert.equal(await client.echo({ id, kind, size, parts: 1 }), 'same', what)
      if (client.can.fragment && size > 0) {
        assert.equal(await client.echo({ id, kind, size, parts: 7 }), 'same', `${what} in 7 fragments`)
      }
      if (client.can.ping) assert.equal(await client.ping({ id }), 'pong')
      if (backend.pings) assert.equal(await client.say({ id, text: 'ping' }), 'ponged')
    }
    await client.close({ id, code: 1000, reason: '' })
  })

  test('the backend sees the close code and reason of the client', async () => {
    const [client, backend] = [part(clients, name), part(backends, place)]
    const { id } = await open(client, place)
    assert.equal((await client.close({ id, code: 4001, reason: 'Grüße, done' })).code, 4001)
    const { code, reason } = await backend.endOf(id)
    assert.equal(code, 4001)
    // FastAPI is not told the reason.
    if (reason !== null) assert.equal(reason, 'Grüße, done')
    const line = await proxy.line(({ event, url }) => event === 'decided' && String(url).includes(id))
    const closed = await proxy.line(({ event, request_id }) => event === 'closed' && request_id === line.request_id)
    assert.deepEqual([closed.initiator, closed.code], ['client', 4001])
  })

  test('the client sees the close code and reason of the backend', async () => {
    const client = part(clients, name)
    const { id } = await open(client, place)
    const text = 'close 3001 Grüße, enough'
    assert.deepEqual(await client.told({ id, text }), { code: 3001, reason: 'Grüße, enough' })
  })
}
