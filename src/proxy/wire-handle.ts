/**
 * The handle below a `net.Socket`: libuv's stream. Undocumented, and the same from Node 20 to 26. All that is not public
 * API is in this file; `wire-self-test.ts` tries it at the start.
 */
import { Socket, type SocketConstructorOpts } from 'node:net'
import process from 'node:process'
import type { Duplex } from 'node:stream'

/** What node:net calls `_handle`, a TCP or a Pipe. Methods return 0, or a negative number of libuv's. */
export interface Handle {
  connect(request: ConnectRequest, address: string, port?: number): number
  /** As `connect`, over IPv6; a Pipe has none. */
  connect6?(request: ConnectRequest, address: string, port: number): number
  /** A Pipe has none of the three. */
  getpeername?(into: { address?: string }): number
  setNoDelay?(isOn: boolean): number
  setKeepAlive?(isOn: boolean, seconds: number): number
  /** -1 once closed, and where there are no file descriptors (Windows). */
  readonly fd: number
  /** Bytes that `writeBuffer` took and the kernel did not. */
  readonly writeQueueSize: number
  /** Called after a read; {@link readResult} says how it went. It must return undefined: anything else is read into next. */
  onread: (this: Handle) => undefined
  readStart(): number
  readStop(): number
  /** Reads into this buffer from now on, and keeps no reference to it. */
  useUserBuffer(buffer: Uint8Array): void
  writeBuffer(request: Request, bytes: Uint8Array): number
  /** Returns 1 where it was done at once. */
  shutdown(request: Request): number
  close(closed: () => void): void
  /** Whose it is. The one property that is ours. */
  [OWNER]?: unknown
}

export const OWNER = Symbol('wire')

/** A write or a shutdown under way; it keeps the bytes alive meanwhile. */
export interface Request {
  oncomplete: (this: Request, status: number, handle: Handle) => void
  bytes?: Uint8Array
}

/** A connection on its way. */
export interface ConnectRequest {
  oncomplete: (this: ConnectRequest, status: number, handle: Handle) => void
}

/** libuv's number for the end of a stream; any other negative result is an error. */
export const UV_EOF = -4095

interface StreamBinding {
  readonly WriteWrap: new () => Request
  readonly ShutdownWrap: new () => Request
  readonly streamBaseState: Int32Array
  readonly kReadBytesOrError: number
  readonly kLastWriteWasAsync: number
}

interface ConnectBinding {
  readonly TCP: new (type: number) => Handle
  readonly TCPConnectWrap: new () => ConnectRequest
  readonly Pipe: new (type: number) => Handle
  readonly PipeConnectWrap: new () => ConnectRequest
  /** What a handle is for that connects: the same number for both. */
  readonly SOCKET: number
}

let binding: StreamBinding | undefined
let connecting: ConnectBinding | undefined

/** Loads what the handles work with. Throws where this Node does not have it, or does not let us (its permission model). */
export function loadBinding(): void {
  const stream = internalBinding<StreamBinding>('stream_wrap')
  const { WriteWrap, ShutdownWrap, streamBaseState: state, kReadBytesOrError, kLastWriteWasAsync } = stream
  const isKnown =
    areConstructors(WriteWrap, ShutdownWrap) &&
    [state[kReadBytesOrError], state[kLastWriteWasAsync]].every((value) => typeof value === 'number')
  if (!isKnown) throw new Error('the stream binding of this Node is not the one that is known')
  connecting = loadConnecting()
  binding = stream
}

function loadConnecting(): ConnectBinding {
  type Typed<Binding> = Binding & { readonly constants: { readonly SOCKET: number } }
  const tcp = internalBinding<Typed<Pick<ConnectBinding, 'TCP' | 'TCPConnectWrap'>>>('tcp_wrap')
  const pipe = internalBinding<Typed<Pick<ConnectBinding, 'Pipe' | 'PipeConnectWrap'>>>('pipe_wrap')
  const { TCP, TCPConnectWrap, constants } = tcp
  const { Pipe, PipeConnectWrap } = pipe
  const { SOCKET } = constants
  const isKnown = areConstructors(TCP, TCPConnectWrap, Pipe, PipeConnectWrap) && SOCKET === pipe.constants.SOCKET
  if (!isKnown) throw new Error('the socket bindings of this Node are not those that are known')
  return { TCP, TCPConnectWrap, Pipe, PipeConnectWrap, SOCKET }
}

function internalBinding<Binding>(name: string): Binding {
  // Not in the types: deprecated in the documentation, without a warning unless --pending-deprecation asks for one.
  const internal = process as unknown as { binding(name: string): Binding }
  return internal.binding(name)
}

const areConstructors = (...all: readonly unknown[]) => all.every((one) => typeof one === 'function')

function loaded(): StreamBinding {
  if (!binding) throw new Error('loadBinding() comes first')
  return binding
}

function loadedConnecting(): ConnectBinding {
  if (!connecting) throw new Error('loadBinding() comes first')
  return connecting
}

/** In `onread`: how many bytes were read, or a negative number. */
export function readResult(): number {
  const { streamBaseState, kReadBytesOrError } = loaded()
  return streamBaseState[kReadBytesOrError] ?? UV_EOF
}

/** After `writeBuffer`: whether bytes are left, and `oncomplete` will be called. */
export function isWriteUnderWay(): boolean {
  const { streamBaseState, kLastWriteWasAsync } = loaded()
  return streamBaseState[kLastWriteWasAsync] !== 0
}

/** The next `writeBuffer`'s: one that was done at once leaves it as it was. */
let write: Request | undefined

export function nextWrite(oncomplete: Request['oncomplete']): Request {
  write ??= new (loaded().WriteWrap)()
  write.oncomplete = oncomplete
  return write
}

/** That write is under way, or failed: the next has another. */
export function keepWrite(bytes: Uint8Array): void {
  if (write) write.bytes = bytes
  write = undefined
}

export function shutdownRequest(oncomplete: Request['oncomplete']): Request {
  const request = new (loaded().ShutdownWrap)()
  request.oncomplete = oncomplete
  return request
}

/** Where a handle can connect to: what no name server is asked for. */
export type Place =
  | { readonly address: string; readonly family: 4 | 6; readonly port: number }
  | { readonly path: string }

/** A handle that is to connect there. */
export function newHandle(place: Place): Handle {
  const { TCP, Pipe, SOCKET } = loadedConnecting()
  return 'path' in place ? new Pipe(SOCKET) : new TCP(SOCKET)
}

/** Whether a handle is a TCP, no Pipe. */
export const isTcp = (handle: Handle): boolean => handle instanceof loadedConnecting().TCP

/** Begins to connect; false where that fails at once. It comes about later. */
export function connectHandle(handle: Handle, place: Place, oncomplete: ConnectRequest['oncomplete']): boolean {
  const { TCPConnectWrap, PipeConnectWrap } = loadedConnecting()
  const request = 'path' in place ? new PipeConnectWrap() : new TCPConnectWrap()
  request.oncomplete = oncomplete
  // Node 20 returns nothing for a Pipe: of a failure it tells later.
  return !begin(handle, request, place)
}

function begin(handle: Handle, request: ConnectRequest, place: Place): number | undefined {
  if ('path' in place) return handle.connect(request, place.path)
  const { address, family, port } = place
  return family === 6 ? handle.connect6?.(request, address, port) : handle.connect(request, address, port)
}

/** The peer's address, as libuv has it; undefined where there is none, or none any more. */
export function remoteAddress(handle: Handle): string | undefined {
  const into: { address?: string } = {}
  return handle.getpeername?.(into) === 0 ? into.address : undefined
}

/** A socket of node's own for a handle that reads into a buffer that was given to it. Nobody reads it yet. */
export function socketOf({ handle, server }: Taken, buffer: Uint8Array): Socket {
  handle.readStop()
  handle[OWNER] = undefined
  // The handle goes on to read into a buffer that is given to it: a read must be copied out of there.
  const callback = (length: number, bytes: Uint8Array) => socket.push(Buffer.from(bytes.subarray(0, length)))
  const options = { handle, allowHalfOpen: true, onread: { buffer, callback } }
  // The types know of no handle.
  const socket: Socket = new Socket(options as unknown as SocketConstructorOpts)
  if (server) Object.assign(socket, { server, _server: server })
  return socket
}

/** The server that accepted a socket, as node:net counts its connections. */
export interface Counting {
  _connections: number
  _emitCloseIfDrained(): void
}

interface Internals {
  _handle: Handle | null
  /** Absent on a socket that connected. */
  _server?: Counting | null
  readonly _readableState: { readonly ended: boolean }
}

export interface Taken {
  readonly handle: Handle
  /** Counts the connection until {@link uncount}. */
  readonly server: Counting | undefined
}

/**
 * Takes the handle out of a socket, which is destroyed without it. Undefined, and nothing happened, where the socket is
 * not a plain one of node:net (TLS), answers FIN with FIN, or holds bytes or an end that it has not passed on.
 */
export function takeHandle(socket: Duplex): Taken | undefined {
  if (!binding || Object.getPrototypeOf(socket) !== Socket.prototype) return undefined
  // The fields of node:net that its types leave out.
  const internals = socket as Duplex as Duplex & Internals
  const { _handle: handle, _server: server } = internals
  if (!handle || !(handle.fd >= 0) || !isIdle(internals)) return undefined
  handle.readStop()
  // The socket's end is no longer that of the connection.
  if (server) internals._server = null
  internals._handle = null
  socket.destroy()
  forgetSocket(handle)
  return { handle, server: server ?? undefined }
}

function isIdle(socket: Duplex & Internals): boolean {
  const isOpen = !socket.destroyed && socket.allowHalfOpen && !socket.writableEnded && !socket._readableState.ended
  return isOpen && socket.readableLength === 0 && socket.writableLength === 0
}

/** The handle names its socket under a symbol of node's: the socket would live as long. */
function forgetSocket(handle: Handle): void {
  for (const symbol of Object.getOwnPropertySymbols(handle)) {
    if (symbol.description === 'owner_symbol') Object.assign(handle, { [symbol]: null })
  }
}

/** The server counts the connection no more; what waits for the last one to end is told. */
export function uncount(server: Counting): void {
  server._connections--
  server._emitCloseIfDrained()
}
