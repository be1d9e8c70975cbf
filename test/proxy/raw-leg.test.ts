/** The way to a backend without a socket of node's: it fails in the same words, and leaves to node what is not its own. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseUpstream } from '../../src/net/upstream.ts'
import { type LegEvents, openLeg } from '../../src/proxy/leg.ts'
import { rawLeg } from '../../src/proxy/raw-leg.ts'
import { rawSelfTest } from '../../src/proxy/raw-self-test.ts'
import { fastWire } from '../../src/proxy/wire-fast.ts'
import { loadBinding } from '../../src/proxy/wire-handle.ts'
import { portableWire } from '../../src/proxy/wire-portable.ts'
import { closedPort } from '../support/pass.ts'
import { eventually } from '../support/upgrades.ts'
import { pattern, turns } from '../support/wires.ts'

loadBinding()

const SILENT: LegEvents = { read: () => {}, ended: () => {}, failed: () => {} }

/** Sockets and servers that are open. */
const open = () => process.getActiveResourcesInfo().filter((kind) => /^(?:TCP|Pipe)/.test(kind)).length

async function backend(t: TestContext, host = '127.0.0.1') {
  const server = createServer({ allowHalfOpen: true }).listen(0, host)
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket.on('error', () => {})))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  // It listens on TCP.
  const { port } = server.address() as AddressInfo
  return { server, port, sockets }
}

/** How an attempt to connect fails. */
function failureOf(upstream: string, isRaw: boolean): Promise<[message: string, code?: string, syscall?: string]> {
  return new Promise((resolve) => {
    const failed = ({ message, code, syscall }: NodeJS.ErrnoException) => {
      leg.destroy()
      resolve([message, code ?? '', syscall ?? ''])
    }
    const leg = openLeg(parseUpstream(upstream), isRaw, { ...SILENT, failed })
    leg.send('x')
  })
}

test('a connection that does not come about fails in the words of node', async () => {
  const missing = join(tmpdir(), 'wsluice-no-such-socket')
  for (const upstream of [`http://127.0.0.1:${await closedPort()}`, `unix:${missing}`, `unix:/${'x'.repeat(500)}`]) {
    const failed = await failureOf(upstream, true)
    assert.deepEqual(failed, await failureOf(upstream, false), upstream)
    assert.equal(failed[2], 'connect', upstream)
  }
})

test('a name, and TLS, are left to node', () => {
  for (const upstream of ['http://localhost:1', 'http://app.test', 'https://127.0.0.1', 'https://[::1]:1']) {
    assert.equal(rawLeg(parseUpstream(upstream), SILENT), undefined, upstream)
  }
})

test('a backend on IPv6', async (t) => {
  const { server, port } = await backend(t, '::1')
  const accepted = once(server, 'connection')
  const leg = rawLeg(parseUpstream(`http://[::1]:${port}`), SILENT)
  leg?.send('over six')
  // The event's one argument.
  const [socket] = (await accepted) as [Socket]
  assert.equal(String((await once(socket, 'data'))[0]), 'over six')
  leg?.destroy()
})

test('a leg that is given up before, while and after it connects leaves nothing open', async (t) => {
  const { port, sockets } = await backend(t)
  const before = open()
  for (let wait = 0; wait < 8; wait++) {
    const leg = rawLeg(parseUpstream(`http://127.0.0.1:${port}`), SILENT)
    leg?.send('x'.repeat(1000))
    await turns(wait)
    leg?.destroy()
    leg?.destroy()
  }
  await turns(10)
  for (const socket of sockets) socket.destroy()
  await eventually(() => open() <= before, 'no handle is left')
})

test('a reset is told once, as node tells it', async (t) => {
  const { server, port } = await backend(t)
  const told: unknown[] = []
  const failed = ({ message, code, syscall }: NodeJS.ErrnoException) => told.push([message, code, syscall])
  const leg = rawLeg(parseUpstream(`http://127.0.0.1:${port}`), { ...SILENT, failed })
  leg?.send('x')
  const [socket] = (await once(server, 'connection')) as [Socket]
  await once(socket, 'data')
  socket.resetAndDestroy()
  await eventually(() => told.length > 0, 'the reset')
  await turns(10)
  leg?.destroy()
  assert.deepEqual(told, [['read ECONNRESET', 'ECONNRESET', 'read']])
})

test('bytes that wait to be written are sent in their order: by a socket, for a fast wire would overtake them', async (t) => {
  const { server, port, sockets } = await backend(t)
  server.on('connection', (socket) => socket.pause())
  const leg = rawLeg(parseUpstream(`http://127.0.0.1:${port}`), SILENT)
  const head = pattern(20_000_000).toString('latin1')
  leg?.send(head)
  await eventually(() => leg?.isConnected() === true, 'the connection')
  const side = leg?.hand()
  assert.ok(side)
  const events = { read: () => {}, drained: () => {}, filled: () => {}, ended: () => {}, closed: () => {} }
  assert.equal(fastWire(side, events), undefined)
  const wire = portableWire(side, events)
  wire.write(Buffer.from('and behind it'))
  wire.end()
  const [socket] = sockets
  const chunks: Buffer[] = []
  socket?.resume().on('data', (chunk: Buffer) => chunks.push(chunk))
  if (socket) await once(socket, 'end')
  assert.equal(Buffer.concat(chunks).toString('latin1') === `${head}and behind it`, true)
  wire.destroy()
})

test('the self-test passes here, and finds a wire that does not take a handle', async () => {
  const before = open()
  assert.equal(await rawSelfTest(fastWire), undefined)
  assert.match((await rawSelfTest(() => undefined)) ?? '', /does not take/)
  await eventually(() => open() <= before, 'no handle is left')
})
