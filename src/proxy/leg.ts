/** A connection to a backend until its answer is known. */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Upstream } from '../net/upstream.ts'
import { ignore } from './answer.ts'
import { connectTo } from './backend-connection.ts'
import { rawLeg } from './raw-leg.ts'
import type { Side } from './wire.ts'

export interface Leg {
  /** With TLS: and trusted. */
  readonly isConnected: () => boolean
  /** @param text Latin-1 */
  readonly send: (text: string) => void
  /** Stops to tell, and hands the connection over for frames, unread. */
  readonly hand: () => Side
  /** Stops to tell but of errors, and hands the connection over as a socket, unread. */
  readonly toSocket: () => Socket
  readonly destroy: () => void
}

/** What a leg tells, by calling methods; never within a call to it. */
export interface LegEvents {
  /** Bytes arrived; they are valid during the call only. */
  readonly read: (chunk: Buffer) => void
  /** The backend sent FIN. */
  readonly ended: () => void
  readonly failed: (error: NodeJS.ErrnoException) => void
}

/** Begins to connect. @param isRaw whether it is to be a handle alone, where that can be */
export function openLeg(upstream: Upstream, isRaw: boolean, events: LegEvents): Leg {
  return (isRaw && rawLeg(upstream, events)) || socketLeg(connectTo(upstream), events)
}

function socketLeg(socket: Socket, events: LegEvents): Leg {
  const { read, ended, failed } = events
  socket.on('error', failed)
  socket.on('data', read)
  socket.on('end', ended)
  const release = () => {
    socket.pause()
    socket.off('data', read)
    socket.off('end', ended)
    return socket
  }
  return {
    isConnected: () => (socket instanceof TLSSocket ? socket.authorized : !socket.connecting),
    send: (text) => void socket.write(text, 'latin1'),
    hand: () => {
      // Its errors are heard by a function of nobody's: the socket may live as long as the session, and this must not.
      socket.on('error', ignore)
      socket.off('error', failed)
      return release()
    },
    toSocket: release,
    destroy: () => void socket.destroy(),
  }
}
