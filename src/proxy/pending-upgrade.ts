/** A client that waits for the answer to its upgrade: what it sends meanwhile is kept, and that it leaves is noticed. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** More than this is not read before the answer. */
const MAX_EARLY = 64 * 1024

export class Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly #gone = new AbortController()
  #early: Uint8Array[] = []
  #bytes = 0

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
  get gone(): AbortSignal {
    return this.#gone.signal
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
    this.#bytes += chunk.length
    if (this.#bytes > MAX_EARLY) this.socket.pause()
  }

  readonly #leave = (): void => {
    this.#gone.abort()
  }
}
