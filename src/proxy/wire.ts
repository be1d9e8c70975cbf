/**
 * What the relay needs of a socket, and nothing more, so that a faster way to read and write can stand in.
 * This implementation is portable: public API of `node:net` alone.
 */
import type { Duplex } from 'node:stream'

export interface Wire {
  /** Sends bytes. False: they are queued, stop reading the other side until `drained`. */
  readonly write: (bytes: Uint8Array) => boolean
  /** Bytes queued and not yet taken by the kernel. */
  readonly queued: () => number
  readonly pause: () => void
  readonly resume: () => void
  /** Sends FIN after what was written; the peer may go on sending. */
  readonly end: () => void
  /** Ends both directions at once. */
  readonly destroy: () => void
}

/** What a wire tells its owner. */
export interface WireEvents {
  /** Bytes arrived; they are valid during the call only. */
  readonly read: (chunk: Uint8Array) => void
  /** The queue of a `write` that returned false is empty. */
  readonly drained: () => void
  /** The peer sent FIN. */
  readonly ended: () => void
  /** The socket is gone; nothing follows. */
  readonly closed: () => void
}

/** Takes over a socket: it has no listeners but an error listener, and nobody reads it. Reading starts with `resume()`. */
export function socketWire(socket: Duplex, events: WireEvents): Wire {
  socket.pause()
  socket.on('data', events.read)
  socket.on('drain', events.drained)
  socket.on('end', events.ended)
  socket.on('close', events.closed)
  return {
    write: (bytes) => socket.destroyed || socket.writableEnded || socket.write(bytes),
    queued: () => socket.writableLength,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  }
}
