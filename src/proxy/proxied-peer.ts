/**
 * Whose connection it is behind a load balancer that passes on bytes: its PROXY header is read before the server sees the
 * socket, and what it says is remembered for the requests that come on it.
 */
import type { Server, Socket } from 'node:net'
import { type TLSSocket, Server as TlsServer } from 'node:tls'
import { canonicalAddress } from '../net/address.ts'
import { type ProxyHeader, readProxyHeader } from '../net/proxy-protocol.ts'
import type { Observe } from '../observe/events.ts'
import { ignore } from './answer.ts'

export interface ProxyProtocol {
  /** Whether a peer, an address or `unix`, must begin with a PROXY header; of any other none is accepted. */
  readonly trusts: (peer: string) => boolean
  /** How long a peer may take over it, ms. */
  readonly timeoutMs: number
  readonly observe: Observe
}

/** What a PROXY header said. */
interface Said {
  /** The client's address, or `unix`; undefined: the balancer's own connection. */
  readonly source: string | undefined
  /** Bytes of the header. */
  readonly length: number
}

const said = new WeakMap<object, Said>()
/** Sockets that are on their way through the server: it may emit `connection` for one again. */
const seen = new WeakSet<Socket>()
/** Sockets that owe their header, by server. */
const owing = new WeakMap<Server, Set<Socket>>()

/** The address of the peer of a socket, as a PROXY header says or its own; undefined on a unix socket. */
export function peerAddress(socket: Pick<Socket, 'remoteAddress'>): string | undefined {
  const source = said.get(socket)?.source ?? socket.remoteAddress
  return source === 'unix' ? undefined : source
}

/** Whether the peer is a load balancer that does not say whose bytes it passes on: what they claim is nobody's word. */
export function hidesClient(socket: Pick<Socket, 'remoteAddress'>): boolean {
  const header = said.get(socket)
  return header !== undefined && header.source === undefined
}

/** Whether a socket has sent anything, a PROXY header aside. */
export function hasSpoken(socket: Socket): boolean {
  return socket.bytesRead > (said.get(socket)?.length ?? 0)
}

/** Makes a server ask for PROXY headers. To be called when its own listeners are there, and before it listens. */
export function askForProxyHeader(server: Server, protocol: ProxyProtocol): void {
  const isTls = server instanceof TlsServer
  const raw = new Map<string, Said>()
  const waiting = new Set<Socket>()
  owing.set(server, waiting)
  const own = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const proceed = () => {
      for (const listener of own) listener.call(server, socket)
    }
    const isNew = !seen.has(socket)
    seen.add(socket)
    if (!isNew || !protocol.trusts(ownPeer(socket))) return proceed()
    waiting.add(socket)
    socket.once('close', () => waiting.delete(socket))
    awaitHeader(socket, protocol, (header) => {
      waiting.delete(socket)
      said.set(socket, header)
      if (isTls) lend(raw, socket, header)
      proceed()
    })
  })
  if (isTls) server.prependListener('secureConnection', (socket) => inherit(raw, socket))
}

/** Ends the connections that owe their PROXY header: the server, which has not seen them, does not when it closes. */
export function endUnread(server: Server): void {
  for (const socket of owing.get(server) ?? []) socket.destroy()
}

/** Nothing leads from a TLS socket to the one below it, but that both have the same two ends. */
const ends = ({ remoteAddress, remotePort, localAddress, localPort }: Socket) =>
  [remoteAddress, remotePort, localAddress, localPort].join()

function lend(raw: Map<string, Said>, socket: Socket, header: Said): void {
  const key = ends(socket)
  raw.set(key, header)
  socket.once('close', () => {
    // The port may be in use again before we hear that it was free.
    if (raw.get(key) === header) raw.delete(key)
  })
}

function inherit(raw: Map<string, Said>, socket: TLSSocket): void {
  const header = raw.get(ends(socket))
  if (!header) return
  // Below TLS are more bytes than those of the header, and above it none of it.
  said.set(socket, { ...header, length: 0 })
}

/** Who is at the other end of the socket itself. */
const ownPeer = ({ remoteAddress }: Socket) => canonicalAddress(remoteAddress ?? '') ?? 'unix'

/** Reads the header and calls `proceed`, the socket as it was but for the header; or ends the connection. */
function awaitHeader(socket: Socket, { timeoutMs, observe }: ProxyProtocol, proceed: (header: Said) => void): void {
  const peer = ownPeer(socket)
  let received = Buffer.alloc(0)
  const stop = () => {
    clearTimeout(timer)
    socket.off('readable', read)
    socket.off('end', leave)
    socket.off('close', stop)
  }
  const refuse = (detail: string) => {
    stop()
    observe({ type: 'malformed', peer, detail })
    socket.destroy()
  }
  const leave = () => {
    // Probes of load balancers connect and leave.
    if (received.length > 0) return refuse('the connection ended within its PROXY header')
    stop()
    socket.destroy()
  }
  const read = () => {
    const chunk: Buffer | null = socket.read()
    if (!chunk) return
    received = Buffer.concat([received, chunk])
    const header: ProxyHeader = readProxyHeader(received)
    if (header.kind === 'malformed') return refuse(header.detail)
    if (header.kind === 'incomplete') return
    stop()
    const rest = received.subarray(header.length)
    if (rest.length > 0) socket.unshift(rest)
    socket.off('error', ignore)
    proceed(header)
  }
  const timer = setTimeout(() => refuse(`no whole PROXY header within ${timeoutMs} ms`), timeoutMs)
  socket.on('error', ignore)
  socket.on('readable', read)
  socket.on('end', leave)
  socket.on('close', stop)
}
