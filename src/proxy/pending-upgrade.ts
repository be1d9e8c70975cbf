/** A client that waits for the answer to its upgrade: what it sends meanwhile is kept, and that it leaves is noticed. */
import type { Duplex } from 'node:stream'
import { ignore, switchingAnswer } from './answer.ts'
import { type Gone, Leaving } from './gone.ts'
import { handshakeKey } from './handshake.ts'
import type { RawEvents } from './raw-end.ts'
import type { UpgradeRequest } from './upgrade-request.ts'
import type { Side } from './wire.ts'
import { kept } from './wire-buffer.ts'

/** So many pieces are put together: those of a client that sends byte by byte would take hundreds of times what it sends. */
const MOST_PIECES = 64

/** More than this is not read before the answer, nor beyond the longest first message. */
const MAX_EARLY = 64 * 1024

/** What a client was told whose handshake we answered ourselves. */
export interface Opened {
  readonly protocol: string | undefined
}

export class Upgrade {
  readonly request: UpgradeRequest
  #side: Side
  #isTaken = false
  readonly #gone = new Leaving()
  #early: Uint8Array[] = []
  #bytes = 0
  #most = MAX_EARLY
  #hear: ((chunk: Uint8Array) => void) | undefined
  #opened: Opened | undefined

  /** @param side a socket has an error listener already @param head bytes glued to the request */
  constructor(request: UpgradeRequest, side: Side, head: Uint8Array) {
    this.request = request
    this.#side = side
    if (head.length > 0) this.#early.push(head)
    if ('toSocket' in side) side.tell(this.#events)
    else this.#listen(side)
  }

  /** What the client's frames will come on. */
  get side(): Side {
    return this.#side
  }

  /** The same as a stream of node's, for what needs one: from the first time on there is one. */
  get socket(): Duplex {
    const side = this.#side
    if (!('toSocket' in side)) return side
    const socket = side.toSocket().on('error', ignore)
    this.#side = socket
    if (!this.#isTaken) this.#listen(socket)
    return socket
  }

  /** Aborts when the client stops waiting: it closed, or sent FIN. */
  get gone(): Gone {
    return this.#gone
  }

  /** Says yes to the handshake before the backend was asked; undefined: that was not done. */
  get opened(): Opened | undefined {
    return this.#opened
  }

  /** @param protocol the subprotocol chosen */
  open(protocol: string | undefined): void {
    this.#opened = { protocol }
    this.#side.write(switchingAnswer(handshakeKey(this.request), protocol))
  }

  /** Tells of what the client sends, which is kept all the same. @param most bytes that must find room */
  overhear(hear: (chunk: Uint8Array) => void, most: number): void {
    this.#most = MAX_EARLY + most
    for (const chunk of this.#early) hear(chunk)
    this.#hear = hear
    this.#side.resume()
  }

  /** Hands the client over, unread: what it sent before the answer, in order. */
  take(): readonly Uint8Array[] {
    const side = this.#side
    this.#isTaken = true
    side.pause()
    if ('toSocket' in side) side.tell(NOBODY)
    else side.off('data', this.#keep).off('end', this.#leave).off('close', this.#leave)
    return this.#early
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#side.destroy()
    if ('toSocket' in this.#side) this.#leave()
  }

  #listen(socket: Duplex): void {
    socket.on('data', this.#keep)
    socket.on('end', this.#leave)
    socket.on('close', this.#leave)
    // A socket that ended before we listened says nothing more.
    if (socket.destroyed || socket.readableEnded) this.#leave()
  }

  readonly #keep = (chunk: Buffer): void => {
    this.#early.push(kept(chunk))
    if (this.#early.length > MOST_PIECES) this.#early = [Buffer.concat(this.#early)]
    this.#bytes += chunk.length
    if (this.#bytes > this.#most) this.#side.pause()
    this.#hear?.(chunk)
  }

  readonly #leave = (): void => {
    this.#gone.abort()
  }

  /** Of a handle alone. */
  get #events(): RawEvents {
    return { read: this.#keep, ended: this.#leave, failed: () => this.destroy() }
  }
}

/** Of what is nobody's now; its next owner finds out. */
const NOBODY: RawEvents = { read: ignore, ended: ignore, failed: ignore }
