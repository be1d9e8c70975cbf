/** Tries connections that are handles alone over loopback, as `wire-self-test.ts` tries the wire that they become. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Leg, LegEvents } from './leg.ts'
import { rawLeg } from './raw-leg.ts'
import type { Side, Wire, WireEvents } from './wire.ts'
import { assert, bounded, listenOnLoopback, type Opened } from './wire-self-test.ts'

type Make = (side: Side, events: WireEvents) => Wire | undefined

const ASKED = 'GET / HTTP/1.1\r\nX: caf\xe9\r\n\r\n'
const SECOND = 'and the rest of it'

/**
 * Why connections cannot be handles alone here; undefined where that passed. Never rejects, and leaves nothing open.
 * @param make makes the wire that they become
 */
export function rawSelfTest(make: Make): Promise<string | undefined> {
  const server = createServer({ allowHalfOpen: true })
  return bounded(server, async (opened) => {
    await listenOnLoopback(server)
    await becomesWire(server, opened, make)
    await becomesSocket(server, opened)
    await tellsOfRefusal(opened)
  })
}

/** What a leg told. */
interface Told extends LegEvents {
  readonly text: () => string
  readonly hasEnded: () => boolean
  readonly error: () => NodeJS.ErrnoException | undefined
  /** Resolves when this holds, now or after something was told. */
  readonly until: (holds: () => boolean) => Promise<void>
}

function tape(): Told {
  let text = ''
  let error: NodeJS.ErrnoException | undefined
  let isOver = false
  let look = () => {}
  return {
    text: () => text,
    hasEnded: () => isOver,
    error: () => error,
    until: (holds) =>
      new Promise((resolve) => {
        look = () => {
          if (holds()) resolve()
        }
        look()
      }),
    read: (chunk) => {
      text += chunk.toString('latin1')
      look()
    },
    ended: () => {
      isOver = true
      look()
    },
    failed: (failure) => {
      error = failure
      look()
    },
  }
}

/** A leg that asked, and the other end of it, which was asked and has begun to answer. */
async function openLeg(server: Server, opened: Opened): Promise<{ leg: Leg; told: Told; peer: Socket }> {
  const told = tape()
  const leg = legTo(server.address(), told)
  opened.push(leg)
  const accepted = once(server, 'connection')
  leg.send(ASKED)
  // The event's one argument.
  const [peer] = (await accepted) as [Socket]
  opened.push(peer)
  peer.on('error', () => {})
  const [asked] = (await once(peer, 'data')) as [Buffer]
  assert(asked.toString('latin1') === ASKED, 'what was asked came otherwise')
  peer.write('first')
  await told.until(() => told.text() === 'first')
  assert(leg.isConnected(), 'a connection was not noticed')
  return { leg, told, peer }
}

function legTo(place: ReturnType<Server['address']>, told: LegEvents): Leg {
  // Of a server on TCP.
  const { address: host, port } = place as AddressInfo
  const leg = rawLeg({ label: 'self-test', protocol: 'http:', host, port }, told)
  if (!leg) throw new Error('a connection without a socket does not begin')
  return leg
}

async function becomesWire(server: Server, opened: Opened, make: Make): Promise<void> {
  const { leg, peer } = await openLeg(server, opened)
  const { read, ended, text, hasEnded, until } = tape()
  const wire = make(leg.hand(), {
    read: (chunk) => read(Buffer.from(chunk)),
    drained: () => {},
    filled: () => {},
    ended,
    closed: ended,
  })
  if (!wire) throw new Error('it does not take a connection without a socket')
  opened.push(wire)
  wire.write(Buffer.from(ASKED, 'latin1'))
  wire.resume()
  const [written] = (await once(peer, 'data')) as [Buffer]
  assert(written.toString('latin1') === ASKED, 'what was written came otherwise')
  peer.end(SECOND)
  await until(hasEnded)
  assert(text() === SECOND, 'what was read after the answer differs')
}

async function becomesSocket(server: Server, opened: Opened): Promise<void> {
  const { leg, peer } = await openLeg(server, opened)
  const socket = leg.toSocket()
  opened.push(socket)
  socket.unshift(Buffer.from('first'))
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  peer.write(SECOND)
  peer.end(SECOND)
  await once(socket, 'end')
  assert(text === `first${SECOND}${SECOND}`, 'what the socket read differs')
  socket.end(ASKED, 'latin1')
  const [written] = (await once(peer, 'data')) as [Buffer]
  assert(written.toString('latin1') === ASKED, 'what the socket wrote came otherwise')
  if (!socket.closed) await once(socket, 'close')
}

async function tellsOfRefusal(opened: Opened): Promise<void> {
  const server = createServer()
  await listenOnLoopback(server)
  const place = server.address()
  await once(server.close(), 'close')
  // The port is nobody's any more.
  const told = tape()
  const leg = legTo(place, told)
  opened.push(leg)
  leg.send(ASKED)
  await told.until(() => told.error() !== undefined)
  const { code, syscall } = told.error() ?? {}
  assert(code === 'ECONNREFUSED' && syscall === 'connect', `a refused connection was told as ${code} of ${syscall}`)
}
