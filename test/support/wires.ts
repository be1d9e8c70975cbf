/** Wires of every implementation between two sockets, with a record of what they tell. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { MakeWire, Wire, WireEvents } from '../../src/proxy/wire.ts'
import { fastWire } from '../../src/proxy/wire-fast.ts'
import { loadBinding } from '../../src/proxy/wire-handle.ts'
import { portableWire } from '../../src/proxy/wire-portable.ts'

loadBinding()

export const IMPLEMENTATIONS: readonly [name: string, make: MakeWire][] = [
  ['portable', portableWire],
  [
    'fast',
    (socket, events) => {
      const wire = fastWire(socket, events)
      assert.ok(wire, 'the fast wire does not take this socket')
      return wire
    },
  ],
]

/** Two ends of a TCP connection; neither answers FIN with FIN by itself. `ours` has not been read. */
export interface Sockets {
  readonly server: Server
  readonly ours: Socket
  readonly theirs: Socket
}

/** Listens until the test ends. */
export async function loopback(t: TestContext): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return server
}

/** A connection of its own server, or another one of `server`. */
export async function sockets(t: TestContext, of?: Server): Promise<Sockets> {
  const server = of ?? (await loopback(t))
  // A TCP server's address is never a string or null while it listens.
  const { port } = server.address() as AddressInfo
  const theirs = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  // The event's one argument is the socket.
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(theirs, 'connect')])
  const ours = accepted as Socket
  for (const socket of [ours, theirs]) {
    socket.on('error', () => {})
    t.after(() => socket.destroy())
  }
  return { server, ours, theirs }
}

type Told = 'filled' | 'drained' | 'ended' | 'closed'

export interface Recorded extends Sockets {
  readonly wire: Wire
  /** What the wire told, in order, `read` aside. */
  readonly told: string[]
  /** Everything read so far. */
  readonly read: () => Buffer
  /** Resolves once an event was told. */
  readonly until: (event: Told) => Promise<void>
}

/** A wire that keeps what it reads. @param also what to do on an event, within it */
export async function recorded(
  t: TestContext,
  make: MakeWire,
  also: Partial<Record<'read' | Told, (wire: Wire) => void>> = {},
): Promise<Recorded> {
  const all = await sockets(t)
  const told: string[] = []
  const chunks: Buffer[] = []
  const waiting = new Set<() => void>()
  const tell = (event: Told) => () => {
    told.push(event)
    also[event]?.(wire)
    for (const check of [...waiting]) check()
  }
  const wire: Wire = make(all.ours, {
    read: (chunk) => {
      chunks.push(Buffer.from(chunk))
      also.read?.(wire)
    },
    filled: tell('filled'),
    drained: tell('drained'),
    ended: tell('ended'),
    closed: tell('closed'),
  })
  t.after(() => wire.destroy())
  const until = (event: string) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!told.includes(event)) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      check()
    })
  return { ...all, wire, told, read: () => Buffer.concat(chunks), until }
}

/** Makes wires that send back what they read. */
export const echoing =
  (make: MakeWire): MakeWire =>
  (socket, events) => {
    const wire = make(socket, {
      read: (chunk) => {
        if (!wire.write(chunk)) wire.pause()
      },
      filled: () => wire.pause(),
      drained: () => {
        events.drained()
        wire.resume()
      },
      ended: () => {
        events.ended()
        wire.end()
      },
      closed: events.closed,
    })
    return wire
  }

export interface Relayed {
  readonly client: Socket
  readonly upstream: Socket
  readonly wires: readonly [client: Wire, upstream: Wire]
  /** Resolves when both wires told that they are closed. */
  readonly over: Promise<void>
}

/** Two wires that pass on what the other reads, as a session does. */
export async function relayed(t: TestContext, make: MakeWire): Promise<Relayed> {
  const [left, right] = await Promise.all([sockets(t), sockets(t)])
  let open = 2
  let finish = () => {}
  const over = new Promise<void>((resolve) => {
    finish = resolve
  })
  const events = (self: 0 | 1, other: 0 | 1): WireEvents => ({
    read: (chunk) => {
      if (!wires[other].write(chunk)) wires[self].pause()
    },
    filled: () => wires[other].pause(),
    drained: () => wires[other].resume(),
    ended: () => wires[other].end(),
    closed: () => {
      wires[other].destroy()
      if (--open === 0) finish()
    },
  })
  const wires: [Wire, Wire] = [make(left.ours, events(0, 1)), make(right.ours, events(1, 0))]
  for (const wire of wires) {
    t.after(() => wire.destroy())
    wire.resume()
  }
  return { client: left.theirs, upstream: right.theirs, wires, over }
}

/** Bytes that no shift of themselves equals within the first 251 × 256. */
export const pattern = (length: number, seed = 0): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, index) => (index % 251) ^ ((index / 251) & 255) ^ seed))

/** Reads everything until FIN or the end. */
export function all(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk))
    const done = () => resolve(Buffer.concat(chunks))
    socket.once('end', done)
    socket.once('close', done)
  })
}

/** Lets the event loop turn so many times. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}
