/**
 * A connection on its handle before it is a wire's: it reads into the shared buffer, writes, and is handed on, to a fast wire
 * or, where something needs a stream, as a socket of node's.
 */
import { Socket } from 'node:net'
import { readBuffer } from './wire-buffer.ts'
import { type Gatherer, gather, sendAllGathered } from './wire-gather.ts'
import {
  type ConnectRequest,
  type Counting,
  connectHandle,
  type Handle,
  isWriteUnderWay,
  keepWrite,
  nextWrite,
  OWNER,
  type Place,
  type Request,
  readResult,
  remoteAddress,
  socketOf,
  type Taken,
  UV_EOF,
  uncount,
} from './wire-handle.ts'

/** As node reads: who is judged, or not heard yet, must not make us keep more at once. */
const chunk = readBuffer.subarray(0, 64 * 1024)

/** What an end tells its owner, by calling methods; never within a call to it, but for a failure. */
export interface RawEvents {
  /** What `connect` began has come about. */
  readonly connected?: () => void
  /** Bytes arrived; they are valid during the call only. */
  readonly read: (chunk: Buffer) => void
  /** The peer sent FIN. */
  readonly ended: () => void
  /** It is of no use any more, but for `destroy()`. @param status a number of libuv's */
  readonly failed: (status: number, syscall: 'connect' | 'read' | 'write') => void
}

export class RawEnd implements Gatherer {
  /** Until it is handed on, or closed. */
  #handle: Handle | undefined
  #socket: Socket | undefined
  readonly #server: Counting | undefined
  #events: RawEvents
  #remoteAddress: string | undefined
  #isReading = false
  /** Bytes of it are gathered, to be sent at the end of the turn. */
  #hasGathered = false
  /** Writes that the handle has not completed. */
  #underWay = 0

  /** Reading starts with `resume()`. */
  constructor({ handle, server }: Taken, events: RawEvents) {
    this.#handle = handle
    this.#server = server
    this.#events = events
    handle[OWNER] = this
    handle.onread = onread
    handle.useUserBuffer(chunk)
  }

  /** Tells another from now on. */
  tell(events: RawEvents): void {
    this.#events = events
  }

  /** Asked once: one that resets has no address any more. */
  get remoteAddress(): string | undefined {
    this.#remoteAddress ??= this.#handle && remoteAddress(this.#handle)
    return this.#remoteAddress
  }

  get destroyed(): boolean {
    return this.#socket ? this.#socket.destroyed : this.#handle === undefined
  }

  /** Whether that began; it comes about later. */
  connect(place: Place): boolean {
    return this.#handle !== undefined && connectHandle(this.#handle, place, onconnect)
  }

  /** Sends small writes at once, and asks after a silence of so many ms whether the peer is still there. */
  tune(keepAliveMs: number): void {
    this.#handle?.setNoDelay?.(true)
    this.#handle?.setKeepAlive?.(true, keepAliveMs / 1000)
  }

  resume(): void {
    if (this.#isReading || !this.#handle) return
    this.#isReading = true
    const status = this.#handle.readStart()
    if (status < 0) this.#events.failed(status, 'read')
  }

  pause(): void {
    if (!this.#isReading) return
    this.#isReading = false
    this.#handle?.readStop()
  }

  /** @param data a text is Latin-1; bytes are nobody's to write to any more */
  write(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data
    if (this.#underWay === 0 && gather(this, bytes)) {
      this.#hasGathered = true
      return
    }
    this.#sendGathered()
    this.sendGathered(bytes)
  }

  sendGathered(bytes: Uint8Array): boolean {
    this.#hasGathered = false
    if (!this.#handle) return true
    const status = this.#handle.writeBuffer(nextWrite(onwritten), bytes)
    if (status === 0 && !isWriteUnderWay()) return true
    keepWrite(bytes)
    if (status < 0) this.#events.failed(status, 'write')
    else this.#underWay++
    return status < 0
  }

  /** Nobody has to wait: what is written here is short, and there is an end to it. */
  filled(): void {}

  #sendGathered(): void {
    if (this.#hasGathered) sendAllGathered(this)
  }

  /** Hands it on to a wire; undefined where only a socket can go on: bytes wait to be written. */
  take(): Taken | undefined {
    this.#sendGathered()
    const handle = this.#handle
    if (!handle || this.#underWay > 0) return undefined
    this.pause()
    this.#handle = undefined
    return { handle, server: this.#server }
  }

  /** The same connection as a socket of node's, always the same one; destroyed where this was. It has no listeners. */
  toSocket(): Socket {
    if (this.#socket) return this.#socket
    this.#sendGathered()
    const handle = this.#handle
    this.#handle = undefined
    this.#socket = handle ? socketOf({ handle, server: this.#server }, chunk) : new Socket().destroy()
    return this.#socket
  }

  destroy(): void {
    if (this.#socket) return void this.#socket.destroy()
    this.#sendGathered()
    const handle = this.#handle
    this.#handle = undefined
    handle?.close(() => {
      if (this.#server) uncount(this.#server)
    })
  }

  onConnected(status: number): void {
    if (!this.#handle) return
    if (status < 0) this.#events.failed(status, 'connect')
    else this.#events.connected?.()
  }

  onRead(result: number): void {
    if (result > 0) return this.#events.read(chunk.subarray(0, result))
    // libuv reads no more.
    if (result < 0) this.#isReading = false
    if (result === UV_EOF) this.#events.ended()
    else if (result < 0) this.#events.failed(result, 'read')
  }

  onWritten(status: number): void {
    this.#underWay--
    if (status < 0 && this.#handle) this.#events.failed(status, 'write')
  }
}

// One function each for all of them.

function onconnect(this: ConnectRequest, status: number, handle: Handle): void {
  ownerOf(handle)?.onConnected(status)
}

function onread(this: Handle): undefined {
  ownerOf(this)?.onRead(readResult())
}

function onwritten(this: Request, status: number, handle: Handle): void {
  ownerOf(handle)?.onWritten(status)
}

/** Undefined where the handle was handed on meanwhile. */
const ownerOf = ({ [OWNER]: owner }: Handle) => (owner instanceof RawEnd ? owner : undefined)
