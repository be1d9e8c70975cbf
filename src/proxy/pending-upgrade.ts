/** A client that waits for the answer to its upgrade: what it sends meanwhile is kept, and that it leaves is noticed. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { switchingAnswer } from './answer.ts'
import { type Gone, Leaving } from './gone.ts'

/** So many pieces are put together: those of a client that sends byte by byte would take hundreds of times what it sends. */
const MOST_PIECES = 64

/** More than this is not read before the answer, nor beyond the longest first message. */
const MAX_EARLY = 64 * 1024

/** What a client was told whose handshake we answered ourselves. */
export interface Opened {
  readonly protocol: string | undefined
}

export class Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly #gone = new Leaving()
  #early: Uint8Array[] = []
  #bytes = 0
  #most = MAX_EARLY
  #hear: ((chunk: Uint8Array) => void) | undefined
  #opened: Opened | undefined

  /** @param socket has an error listener already @param head bytes glued to the request */
  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.request = request
    this.socket = socket
    if (head.length > 0) this.#early.push(head)
    socket.on('data', this.#keep)
    socket.on('end', this.#leave)
    socket.on('close', this.#leave)
    // A socket that ended before we listened says nothing more.
    if (socket.destroyed || socket.readableEnded) this.#leave()
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
    this.socket.write(switchingAnswer(this.request.headers['sec-websocket-key'] ?? '', protocol))
  }

  /** Tells of what the client sends, which is kept all the same. @param most bytes that must find room */
  overhear(hear: (chunk: Uint8Array) => void, most: number): void {
    this.#most = MAX_EARLY + most
    for (const chunk of this.#early) hear(chunk)
    this.#hear = hear
    this.socket.resume()
  }

  /** Hands the socket over, unread: what the client sent before the answer, in order. */
  take(): readonly Uint8Array[] {
    this.socket.pause()
    this.socket.off('data', this.#keep)
    this.socket.off('end', this.#leave)
    this.socket.off('close', this.#leave)
    return this.#early
  }

  readonly #keep = (chunk: Buffer): void => {
    this.#early.push(chunk)
    if (this.#early.length > MOST_PIECES) this.#early = [Buffer.concat(this.#early)]
    this.#bytes += chunk.length
    if (this.#bytes > this.#most) this.socket.pause()
    this.#hear?.(chunk)
  }

  readonly #leave = (): void => {
    this.#gone.abort()
  }
}
