/** Which wire is used. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Wire } from '../../src/proxy/wire.ts'
import { chooseWire } from '../../src/proxy/wire-choice.ts'
import { fastWire } from '../../src/proxy/wire-fast.ts'
import { all, loopback, pattern, sockets, turns } from '../support/wires.ts'

const EVENTS = { read: () => {}, filled: () => {}, drained: () => {}, ended: () => {}, closed: () => {} }
const works = async () => undefined
const fails = async () => 'no such binding'

for (const [wanted, why, name, because] of [
  ['auto', works, 'fast', undefined],
  ['auto', fails, 'portable', 'no such binding'],
  ['fast', works, 'fast', undefined],
  ['portable', works, 'portable', undefined],
] as const) {
  test(`${wanted} is ${name} where the self-test says ${because ?? 'nothing'}`, async () => {
    const choice = await chooseWire(wanted, why)
    assert.equal(choice.name, name)
    assert.equal(choice.because, because)
  })
}

test('fast is an error where it does not work', async () => {
  await assert.rejects(chooseWire('fast', fails), /no such binding.*auto or portable/)
})

test('this Node has the fast wire', async () => {
  assert.equal((await chooseWire('auto')).name, 'fast')
})

/** Resolves with a socket that the fast wire must not take. */
const OTHERS: readonly [what: string, make: (t: TestContext) => Duplex | Promise<Duplex>][] = [
  ['a stream that is no socket', () => new PassThrough()],
  ['a socket without a connection', () => new Socket()],
  ['a socket that was destroyed', async (t) => (await sockets(t)).ours.destroy()],
  ['a socket that sent FIN', async (t) => (await sockets(t)).ours.end()],
  [
    'a socket with bytes to read',
    async (t) => {
      const { ours, theirs } = await sockets(t)
      theirs.write('early')
      while (ours.readableLength === 0) await turns(1)
      return ours
    },
  ],
  [
    'a socket that has read FIN',
    async (t) => {
      const { ours, theirs } = await sockets(t)
      theirs.end()
      await once(theirs, 'finish')
      await turns(10)
      return ours
    },
  ],
  [
    'a socket with bytes to write',
    async (t) => {
      const { ours } = await sockets(t)
      while (ours.write(pattern(65_536))) {}
      return ours
    },
  ],
  [
    'a socket that answers FIN with FIN',
    async (t) => {
      const server = await loopback(t)
      const { port } = server.address() as AddressInfo
      const socket = connect({ port, host: '127.0.0.1' })
      t.after(() => socket.destroy())
      await once(socket, 'connect')
      return socket
    },
  ],
]

for (const [what, make] of OTHERS) {
  test(`the fast wire leaves alone ${what}`, async (t) => {
    const socket = await make(t)
    const isGone = socket.destroyed
    assert.equal(fastWire(socket, EVENTS), undefined)
    assert.equal(socket.destroyed, isGone)
  })
}

test('a socket whose handle was taken is garbage', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const server = await loopback(t)
  const theirs: Socket[] = []
  // Nothing here may hold the socket itself.
  const take = () =>
    new Promise<[Wire | undefined, WeakRef<Socket>]>((resolve) => {
      server.once('connection', (socket: Socket) => resolve([fastWire(socket, EVENTS), new WeakRef(socket)]))
      theirs.push(connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }))
    })
  const [wire, socket] = await take()
  assert.ok(wire)
  for (let round = 0; socket.deref() && round < 20; round++) {
    await turns(5)
    collect()
  }
  assert.equal(socket.deref(), undefined)
  wire.destroy()
  for (const one of theirs) one.destroy()
})

test('bytes and an end that came before the wire are not lost', async (t) => {
  const { make } = await chooseWire('fast')
  const { ours, theirs } = await sockets(t)
  theirs.end('early')
  while (ours.readableLength === 0) await turns(1)
  await turns(5)
  const chunks: string[] = []
  const closed = new Promise<void>((resolve) => {
    const wire = make(ours, {
      ...EVENTS,
      read: (chunk) => void chunks.push(Buffer.from(chunk).toString()),
      ended: () => wire.end(),
      closed: resolve,
    })
    wire.resume()
  })
  theirs.resume()
  await closed
  assert.equal(chunks.join(''), 'early')
})

test('a unix socket is fast as well', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wsluice-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'wire.sock')
  const server = createServer({ allowHalfOpen: true })
  server.listen(path)
  await once(server, 'listening')
  t.after(() => server.close())
  const theirs = connect({ path, allowHalfOpen: true })
  // The event's one argument is the socket.
  const [ours] = (await once(server, 'connection')) as [Socket]
  const wire = fastWire(ours, {
    ...EVENTS,
    read: (chunk) => void wire?.write(chunk),
    ended: () => wire?.end(),
  })
  assert.ok(wire)
  wire.resume()
  theirs.end('there and back')
  assert.equal(String(await all(theirs)), 'there and back')
})
