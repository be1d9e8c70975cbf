/** Tries a wire over loopback before any client does: what is undocumented may change with any version of Node. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Side, Wire, WireEvents } from './wire.ts'
import { readBuffer } from './wire-buffer.ts'

/** It takes a few ms. On a machine so busy that this is not enough the portable wire is used: slower, and as right. */
const BOUND_MS = 1000

/** Enough to fill what the kernel holds for a reader that does not read. */
const MOST_BYTES = 64 << 20
const ECHOED_BYTES = 3_000_000
const CHUNK = Uint8Array.from({ length: 61_001 }, (_, index) => index % 251)

type Make = (socket: Side, events: WireEvents) => Wire | undefined

/** Sockets, wires and legs: what is left is destroyed at the end. */
export type Opened = { destroy(): void }[]

/** A wire, and the socket at the other end. */
interface Ends {
  readonly wire: Wire
  readonly peer: Socket
  readonly tape: Tape
}

/** What a wire told. */
interface Tape {
  readonly told: string[]
  read: (chunk: Uint8Array) => void
  tell: () => void
}

/**
 * Why a wire cannot be used here; undefined where it passed. Never rejects, and leaves nothing open.
 * @param boundMs how long it may take
 */
export function selfTest(make: Make, boundMs = BOUND_MS): Promise<string | undefined> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
  return bounded(server, (opened) => run(server, opened, make), boundMs)
}

/** What `run` rejects with, or that it took too long. What it opened is destroyed, and the server closed. */
export async function bounded(
  server: Server,
  run: (opened: Opened) => Promise<void>,
  boundMs = BOUND_MS,
): Promise<string | undefined> {
  const opened: Opened = []
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, boundMs, `it did not finish within ${boundMs} ms`)
  })
  try {
    return await Promise.race([late, run(opened).then(() => undefined)])
  } catch (error) {
    return error instanceof Error ? error.message : 'it failed'
  } finally {
    clearTimeout(timer)
    for (const one of opened) one.destroy()
    server.close()
  }
}

async function run(server: Server, opened: Opened, make: Make): Promise<void> {
  await listenOnLoopback(server)
  const open = () => openEnds(server, opened, make)
  await echoes(await open())
  await waitsForSlowReader(await open())
  await endsByHalves(await open())
  await noticesReset(await open())
  await countsToNone(server)
}

/** On IPv4, or where there is none on IPv6. */
export async function listenOnLoopback(server: Server): Promise<void> {
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening')
  } catch {
    await once(server.listen(0, '::1'), 'listening')
  }
}

async function openEnds(server: Server, opened: Opened, make: Make): Promise<Ends> {
  const { port, address } = server.address() as AddressInfo
  const peer = connect({ port, host: address, allowHalfOpen: true })
  opened.push(peer)
  peer.on('error', () => {})
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(peer, 'connect')])
  const ours = accepted as Socket
  opened.push(ours)
  ours.on('error', () => {})
  const tape: Tape = { told: [], read: () => {}, tell: () => {} }
  const tell = (event: string) => () => {
    tape.told.push(event)
    tape.tell()
  }
  const filled = () => wire?.pause()
  const events = { filled, drained: tell('drained'), ended: tell('ended'), closed: tell('closed') }
  const wire: Wire | undefined = make(ours, { read: (chunk) => tape.read(chunk), ...events })
  if (!wire) throw new Error('it does not take a plain socket')
  opened.push(wire)
  return { wire, peer, tape }
}

/** Bytes come back as they were sent, through pauses, and read into the same buffer again and again. */
async function echoes({ wire, peer, tape }: Ends): Promise<void> {
  let sent = 0
  tape.read = (chunk) => {
    if (!wire.write(chunk)) wire.pause()
  }
  tape.tell = () => wire.resume()
  wire.resume()
  const back = matching(peer, ECHOED_BYTES)
  while (sent < ECHOED_BYTES) {
    const chunk = CHUNK.subarray(0, Math.min(CHUNK.length, ECHOED_BYTES - sent))
    peer.write(chunk)
    sent += chunk.length
  }
  await back
  await close(wire, tape)
}

/** A write that is not taken is queued, told by one `drained`, and arrives. */
async function waitsForSlowReader({ wire, peer, tape }: Ends): Promise<void> {
  let sent = 0
  let isTaken = true
  readBuffer.set(CHUNK)
  const chunk = readBuffer.subarray(0, CHUNK.length)
  while (isTaken && sent < MOST_BYTES) {
    isTaken = wire.write(chunk)
    sent += chunk.length
  }
  assert(!isTaken && wire.queued() > 0, 'a reader that does not read was not noticed')
  // As the next read does: what was queued must be a copy.
  readBuffer.fill(0)
  await matching(peer, sent)
  await told(tape, 'drained')
  assert(wire.queued() === 0, 'bytes are queued after drained')
  await close(wire, tape)
  assert(tape.told.join() === 'drained,closed', `drained is told once, not ${tape.told.join()}`)
}

/** After FIN of one side the other may go on. */
async function endsByHalves({ wire, peer, tape }: Ends): Promise<void> {
  wire.resume()
  peer.end()
  await told(tape, 'ended')
  const all = matching(peer, CHUNK.length)
  wire.write(CHUNK)
  wire.end()
  await Promise.all([all, once(peer, 'end'), told(tape, 'closed')])
  assert(tape.told.join() === 'ended,closed', `an end was told as ${tape.told.join()}`)
}

async function noticesReset({ wire, peer, tape }: Ends): Promise<void> {
  wire.resume()
  peer.resetAndDestroy()
  await told(tape, 'closed')
  assert(tape.told.join() === 'closed', `a reset was told as ${tape.told.join()}`)
  assert(wire.write(CHUNK), 'a write after the end was not swallowed')
}

/** The server knows that its connections are over. */
async function countsToNone(server: Server): Promise<void> {
  const open = await countOf(server)
  assert(open === 0, `the server counts ${open} connections after the end of all`)
}

/** How many connections a server says it has. */
export function countOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

async function close(wire: Wire, tape: Tape): Promise<void> {
  wire.destroy()
  await told(tape, 'closed')
}

/** Resolves when an event was told. */
function told(tape: Tape, event: string): Promise<void> {
  return new Promise((resolve) => {
    tape.tell = () => {
      if (tape.told.includes(event)) resolve()
    }
    tape.tell()
  })
}

/** Resolves when so many bytes came, {@link CHUNK} over and over; rejects at the first that differs. */
function matching(peer: Socket, total: number): Promise<void> {
  let at = 0
  return new Promise((resolve, reject) => {
    const compare = (bytes: Buffer) => {
      for (let from = 0; from < bytes.length; ) {
        const begin = (at + from) % CHUNK.length
        const length = Math.min(CHUNK.length - begin, bytes.length - from)
        const isSame = bytes.subarray(from, from + length).equals(CHUNK.subarray(begin, begin + length))
        if (!isSame) return reject(new Error('bytes came out other than they went in'))
        from += length
      }
      at += bytes.length
      if (at >= total) resolve()
    }
    peer.on('data', compare)
    peer.once('close', () => reject(new Error('the connection ended early')))
  })
}

export function assert(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}
