/**
 * Sockets that were answered for the last time: they may still read it, for a bounded time and in bounded number, and
 * what they send is discarded (trap 12).
 */
import type { Duplex } from 'node:stream'
import type { Wheel } from './wheel.ts'

const LINGER_MS = 5000
/** Above this the oldest goes at once: a storm of refusals must not hold memory. */
const MAX_LINGERING = 1024

export class Linger {
  readonly #wheel: Wheel
  readonly #clock: () => number
  readonly #sockets = new Set<Duplex>()

  /** @param clock ms, what the wheel runs on */
  constructor(wheel: Wheel, clock: () => number) {
    this.#wheel = wheel
    this.#clock = clock
  }

  /** Sends the last bytes and FIN, and holds the socket. */
  end(socket: Duplex, bytes: Buffer): void {
    if (socket.destroyed) return
    socket.end(bytes)
    this.hold(socket)
  }

  /** Reads and discards what still comes; the socket is destroyed when its client has closed too, or its time is up. */
  hold(socket: Duplex): void {
    if (socket.destroyed) return
    this.#sockets.add(socket)
    const deadline = this.#wheel.at(this.#clock() + LINGER_MS, () => socket.destroy())
    socket.once('close', () => {
      deadline.cancel()
      this.#sockets.delete(socket)
    })
    socket.resume()
    if (this.#sockets.size > MAX_LINGERING) this.#dropOldest()
  }

  /** Forgotten at once: its `close` comes later than the next one may. */
  #dropOldest(): void {
    const [oldest] = this.#sockets
    if (!oldest) return
    this.#sockets.delete(oldest)
    oldest.destroy()
  }

  /** How many linger. */
  get size(): number {
    return this.#sockets.size
  }

  /** Ends them all at once. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
