/** A wire on the public API of streams: for every socket there is, TLS included, and every Node. */
import type { Side, Wire, WireEvents } from './wire.ts'
import { kept } from './wire-buffer.ts'

export function portableWire(side: Side, events: WireEvents): Wire {
  const socket = 'toSocket' in side ? side.toSocket() : side
  socket.pause()
  socket.on('data', (chunk: Uint8Array) => events.read(chunk))
  socket.on('drain', () => events.drained())
  socket.on('end', () => events.ended())
  socket.on('close', () => events.closed())
  return {
    write: (bytes) => socket.destroyed || socket.writableEnded || socket.write(kept(bytes)),
    queued: () => socket.writableLength,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  }
}
