/** Whom nobody can name is served by nobody: a client that resets has no address any more, and a peer without one is `unix`. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Makes a server end connections that are reset before we see them. To be called when all its listeners are there. Node
 * remembers the address of a socket that was asked for it once, so that the others keep theirs, whenever they reset.
 */
export function serveKnownPeers(server: Server): void {
  // TLS: a socket may be reset during the handshake, and the one above it is another.
  for (const event of ['connection', 'secureConnection']) {
    const own = server.listeners(event)
    server.removeAllListeners(event)
    server.on(event, (socket: Socket) => {
      if (isUnknown(server, socket)) socket.destroy()
      else for (const listener of own) listener.call(server, socket)
    })
  }
}

/** On a unix socket nobody has an address; such a server has a path for its own. */
const isUnknown = (server: Server, { remoteAddress }: Socket) =>
  remoteAddress === undefined && typeof server.address() !== 'string'
