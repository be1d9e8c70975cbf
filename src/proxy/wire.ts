/**
 * What the relay needs of a socket, and nothing more, so that a faster way to read and write can stand in:
 * `wire-portable.ts` is made of public API alone, `wire-fast.ts` reads and writes the handle below the socket, and
 * `wire-choice.ts` says which is used.
 */
import type { Duplex } from 'node:stream'
import type { RawEnd } from './raw-end.ts'

export interface Wire {
  /**
   * Sends bytes: a chunk that a wire has just read, or bytes that nobody writes to any more.
   * False: some are queued, stop reading the other side until `drained`. That may turn out later: see `filled`.
   */
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

/** What a wire tells its owner, by calling methods. None is called from within a call to the same wire. */
export interface WireEvents {
  /** Bytes arrived; they are valid during the call only. */
  readonly read: (chunk: Uint8Array) => void
  /** Of what a `write` that returned true has taken, some is queued: as if it had returned false. */
  readonly filled: () => void
  /** The queue of a `write` that returned false, or was `filled`, is empty. Once for every time it was not. */
  readonly drained: () => void
  /** The peer sent FIN. */
  readonly ended: () => void
  /** The socket is gone; nothing follows. */
  readonly closed: () => void
}

/** A connection before it is a wire's: a stream of node's, or its handle alone. */
export type Side = Duplex | RawEnd

/** Takes over a side: it has no listeners but an error listener, and nobody reads it. Reading starts with `resume()`. */
export type MakeWire = (side: Side, events: WireEvents) => Wire

/** How a proxy reads and writes. */
export interface Transport {
  readonly make: MakeWire
  /** Whether connections are to be handles alone from their beginning, where they can. */
  readonly isRaw: boolean
}
