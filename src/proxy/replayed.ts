/**
 * A connection whose other side has begun to answer, as node:http's client wants to find it: the request, which has been
 * sent, is not sent again, and the answer is there to be read from its beginning.
 */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

export class Replayed extends Duplex {
  readonly #socket: Socket
  #isSent = false

  /**
   * @param socket has an error listener, and nobody reads it
   * @param received what it has sent already
   */
  constructor(socket: Socket, received: Buffer) {
    super()
    this.#socket = socket
    if (received.length > 0) this.push(received)
    socket.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
    if (socket.readableEnded) this.push(null)
    if (socket.destroyed) this.destroy()
  }

  /** From here on what is written is sent: the request is over. */
  requestSent(): void {
    this.#isSent = true
  }

  /** As a socket counts them. */
  get bytesRead(): number {
    return this.#socket.bytesRead
  }

  /** As a socket's, which node's client calls when it has read the answer: no more is written from here on. */
  destroySoon(): void {
    this.once('finish', () => this.destroy())
    this.end()
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#isSent) this.#socket.write(chunk, encoding, done)
    else done()
  }

  override _final(done: () => void): void {
    if (this.#isSent) this.#socket.end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
