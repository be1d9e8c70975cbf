/** Tries what the fast lane rests on over loopback: node's parser, and handles that no socket was made of. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { parseUpgrade, takeAccepted } from './accepted-handle.ts'
import { RawEnd } from './raw-end.ts'
import type { Side, Wire, WireEvents } from './wire.ts'
import { assert, bounded, countOf, listenOnLoopback, type Opened } from './wire-self-test.ts'

type Make = (side: Side, events: WireEvents) => Wire | undefined

const MAX_HEAD = 1024
const lines = (...more: readonly string[]) =>
  `${['GET /p?q HTTP/1.1', 'Host: h', 'Connection: x, Upgrade', 'Upgrade: websocket', ...more].join('\r\n')}\r\n\r\n`
const HEAD = lines('X-Latin:  caf\xe9 ', 'x-latin: 2')
const HEADERS = ['Host', 'h', 'Connection', 'x, Upgrade', 'Upgrade', 'websocket', 'X-Latin', 'caf\xe9', 'x-latin', '2']

/** What the parser must make nothing of. */
const NONE: readonly string[] = [
  HEAD.slice(0, -1),
  `${HEAD}GET /`,
  HEAD.replace('Upgrade: websocket\r\n', ''),
  HEAD.replace('\r\nHost', '\nHost'),
  HEAD.replace('X-Latin:', 'X-Latin :'),
  HEAD.replace('GET', 'get'),
  lines('X: 1\r\n 2'),
  lines('Content-Length: 1', 'Transfer-Encoding: chunked'),
  lines(`X: ${'x'.repeat(MAX_HEAD)}`),
  // Told of in pieces.
  lines(...Array.from({ length: 40 }, () => 'X: 1')),
]

/**
 * Why the lane cannot be used here; undefined where that passed. Never rejects, and leaves nothing open.
 * @param make makes the wire that a connection becomes
 */
export function acceptedSelfTest(make: Make): Promise<string | undefined> {
  const server = createServer({ allowHalfOpen: true })
  return bounded(server, async (opened) => {
    readsHeads()
    await listenOnLoopback(server)
    await ends(server, opened, (end) => end)
    await ends(server, opened, (end) => end.toSocket().on('error', () => {}))
    await ends(server, opened, (end) => {
      const silent = { read: () => {}, drained: () => {}, filled: () => {}, ended: () => {}, closed: () => {} }
      const wire = make(end, silent)
      if (!wire) throw new Error('it does not take a connection that was accepted')
      return wire
    })
  })
}

function readsHeads(): void {
  for (const _ of [1, 2]) {
    const { major, minor, url, rawHeaders } = read(HEAD) ?? {}
    const isRight = major === 1 && minor === 1 && url === '/p?q' && rawHeaders?.join('\n') === HEADERS.join('\n')
    assert(isRight, 'the HTTP parser reads a head otherwise')
    for (const text of NONE) assert(read(text) === undefined, 'the HTTP parser takes what is no head')
  }
}

const read = (text: string) => parseUpgrade(Buffer.from(text, 'latin1'), MAX_HEAD)

/** A connection is counted until it ends, as whatever it ends. */
async function ends(server: Server, opened: Opened, as: (end: RawEnd) => { destroy(): void }): Promise<void> {
  const { port, address } = server.address() as AddressInfo
  const bytes = new Promise<RawEnd>((resolve) => {
    takeAccepted(server, (taken) => {
      const read = () => resolve(end)
      const end = new RawEnd(taken, { read, ended: () => {}, failed: () => {} })
      opened.push(end)
      end.resume()
    })
  })
  const peer = connect({ port, host: address })
  opened.push(peer)
  peer.on('error', () => {})
  peer.write('first')
  const end = await bytes
  assert(end.remoteAddress === address, 'the address of a client is another')
  assert((await countOf(server)) === 1, 'a connection is not counted')
  const gone = once(peer, 'close')
  peer.resume()
  as(end).destroy()
  await gone
  assert((await countOf(server)) === 0, 'a connection that has ended is counted')
}
