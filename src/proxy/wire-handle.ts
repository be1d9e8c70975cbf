/**
 * The handle below a `net.Socket`: libuv's stream. Undocumented, and the same from Node 20 to 26. All that is not public
 * API is in this file; `wire-self-test.ts` tries it at the start.
 */
import { Socket } from 'node:net'
import process from 'node:process'
import type { Duplex } from 'node:stream'

/** What node:net calls `_handle`, a TCP or a Pipe. Methods return 0, or a negative number of libuv's. */
export interface Handle {
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

/** libuv's number for the end of a stream; any other negative result is an error. */
export const UV_EOF = -4095

interface StreamBinding {
  readonly WriteWrap: new () => Request
  readonly ShutdownWrap: new () => Request
  readonly streamBaseState: Int32Array
  readonly kReadBytesOrError: number
  readonly kLastWriteWasAsync: number
}

let binding: StreamBinding | undefined

/** Loads what the handles work with. Throws where this Node does not have it, or does not let us (its permission model). */
export function loadBinding(): void {
  // Not in the types: deprecated in the documentation, without a warning unless --pending-deprecation asks for one.
  const internal = process as unknown as { binding(name: 'stream_wrap'): StreamBinding }
  const loaded = internal.binding('stream_wrap')
  const { WriteWrap, ShutdownWrap, streamBaseState: state, kReadBytesOrError, kLastWriteWasAsync } = loaded
  const isKnown =
    [WriteWrap, ShutdownWrap].every((wrap) => typeof wrap === 'function') &&
    [state[kReadBytesOrError], state[kLastWriteWasAsync]].every((value) => typeof value === 'number')
  if (!isKnown) throw new Error('the stream binding of this Node is not the one that is known')
  binding = loaded
}

function loaded(): StreamBinding {
  if (!binding) throw new Error('loadBinding() comes first')
  return binding
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
